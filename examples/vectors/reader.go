// Reads rings.json, packets.json and exchanges.json, which `deno task vectors --generate DIR` writes, and holds a reader
// of its own against them (docs/wire.md 1 to 4): go run reader.go DIR
package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
)

// Hex is bytes in base 16.
type Hex []byte

func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// Range is a range of guest memory; its PFNs are numbers of 64 bits, and so texts in JSON.
type Range struct {
	ByteCount, ByteOffset uint32
	Pfns                  []string
}

type named struct{ Name string }

func (n named) title() string { return n.Name }

type ring struct {
	named
	RingDataBytes int
	Bytes         []struct {
		Offset int
		Hex    Hex
	}
	Reader struct {
		IsUnmasked bool
		Packets    []found
		Fault      string // "" for null
		ReadIndex  int
	}
}

type found struct {
	Offset int
	Hex    Hex
}

type packet struct {
	named
	Hex    Hex
	Fault  *struct{ By, Name string }
	Packet *struct {
		Type          uint16
		PayloadOffset int
		GpaRanges     []Range
	}
}

type exchange struct {
	named
	Agreed *struct {
		Version                string
		Features, ConnectionID uint32
	}
	Steps []struct {
		To  string
		Hex Hex
	}
}

var u16, u32, u64 = binary.LittleEndian.Uint16, binary.LittleEndian.Uint32, binary.LittleEndian.Uint64

func words(bytes []byte) int { return int(u16(bytes)) * 8 }

// descriptorFault is what a ring's reader has against the packet that unread bytes begin with; "" for nothing (1.9).
func descriptorFault(unread []byte) string {
	if len(unread) < 16 {
		return "invalidDataAvailable"
	}
	kind, offset, length := u16(unread), words(unread[2:]), words(unread[4:])
	isRanged := kind == 7 || kind == 9
	switch {
	case offset < 16 || offset > length || length+8 > len(unread):
		return "invalidDescriptorLengths"
	case u16(unread[6:]) > 1:
		return "invalidDescriptorFlags"
	case kind != 6 && kind != 11 && !isRanged:
		return "invalidDescriptorType"
	case isRanged && offset < 24:
		return "invalidDescriptorLengths"
	case kind == 9 && u32(unread[20:]) == 0:
		return "invalidGpaDirectRangeCount"
	}
	return ""
}

// rangesIn reads the ranges of a GPA direct packet from its header (3.1).
func rangesIn(header []byte) (ranges []Range, fault string) {
	left := header[8:]
	for count := u32(header[4:]); count > 0; count-- {
		if len(left) < 8 {
			return nil, "emptyRange"
		}
		byteCount, byteOffset := u32(left), u32(left[4:])
		pages := (uint64(byteCount) + uint64(byteOffset) + 4095) / 4096
		left = left[8:]
		switch {
		case byteCount == 0:
			return nil, "emptyByteCount"
		case byteOffset > 4095:
			return nil, "offsetTooLarge"
		case uint64(byteCount)+uint64(byteOffset)+4095 > 0xffffffff:
			return nil, "rangeOverflow"
		case uint64(len(left)/8) < pages:
			return nil, "rangeTooSmall"
		}
		one := Range{byteCount, byteOffset, nil}
		for ; pages > 0; pages-- {
			one.Pfns = append(one.Pfns, strconv.FormatUint(u64(left), 10))
			left = left[8:]
		}
		ranges = append(ranges, one)
	}
	return ranges, ""
}

// readRing reads a ring from its read index on.
func readRing(ring []byte) (packets []found, read int, fault string) {
	data, size := ring[4096:], len(ring)-4096
	write := int(u32(ring))
	read = int(u32(ring[4:]))
	if read >= size || read%8 != 0 {
		return nil, read, "invalidReadIndex"
	}
	if write >= size || write%8 != 0 {
		return nil, read, "invalidWriteIndex"
	}
	for read != write {
		unread := make([]byte, (write+size-read)%size)
		for at := range unread {
			unread[at] = data[(read+at)%size]
		}
		if fault := descriptorFault(unread); fault != "" {
			return packets, read, fault
		}
		length := words(unread[4:])
		packets = append(packets, found{read, unread[:length]})
		read = (read + length + 8) % size
	}
	return packets, read, ""
}

func (c ring) check() string {
	image := make([]byte, 4096+c.RingDataBytes)
	for _, piece := range c.Bytes {
		copy(image[piece.Offset:], piece.Hex)
	}
	packets, read, fault := readRing(image)
	if fault == "" && len(packets) == 0 && u32(image[8:]) != 0 && c.Reader.IsUnmasked {
		fault = "interruptsExternallyMasked"
	}
	if c.Reader.Fault != fault {
		return "the fault is " + fault
	}
	if len(packets) != len(c.Reader.Packets) || len(packets) > 0 && !reflect.DeepEqual(packets, c.Reader.Packets) {
		return fmt.Sprint("the packets are ", packets)
	}
	if fault == "" && c.Reader.ReadIndex != read {
		return fmt.Sprint("the read index is ", read)
	}
	return ""
}

func (c packet) check() string {
	bytes := c.Hex
	fault := descriptorFault(append(append(Hex{}, bytes...), make([]byte, 8)...)) // its trailer follows
	var ranges []Range
	if fault == "" {
		header := bytes[16:words(bytes[2:])]
		switch kind := u16(bytes); {
		case kind == 11 && u16(bytes[6:]) != 0:
			fault = "unexpectedFlags"
		case kind == 9:
			ranges, fault = rangesIn(header)
		case kind == 7 && (u32(header[4:]) == 0 || int(u32(header[4:])) > len(header)/8-1):
			fault = "emptyRange"
		}
	}
	switch {
	case c.Fault != nil && c.Fault.By == "pipe": // whoever reads pipes says so: not this program
		return ""
	case c.Fault != nil && c.Fault.Name != fault, c.Fault == nil && fault != "":
		return "the fault is " + fault
	case fault != "":
		return ""
	case c.Packet.Type != u16(bytes) || c.Packet.PayloadOffset != words(bytes[2:]):
		return "the descriptor says something else"
	case len(ranges) != len(c.Packet.GpaRanges) || len(ranges) > 0 && !reflect.DeepEqual(ranges, c.Packet.GpaRanges):
		return fmt.Sprint("the ranges are ", ranges)
	}
	return ""
}

// check follows contacts and their answers, and compares what was agreed on (4.5).
func (c exchange) check() string {
	var asked, version, features, connection uint32
	for _, step := range c.Steps {
		bytes := step.Hex
		switch number := u32(bytes); {
		case step.To == "host" && number == 14:
			asked, version = u32(bytes[8:]), 0
		case step.To == "guest" && number == 15 && bytes[8] != 0 && bytes[9] == 0:
			version, features, connection = asked, 0, 1
			if asked >= 5<<16 { // the answer has the connection in the version's place
				connection = u32(bytes[12:])
			}
			if len(bytes) >= 20 {
				features = u32(bytes[16:])
			}
		}
	}
	if c.Agreed == nil {
		return map[bool]string{true: "", false: "a version was agreed on"}[version == 0]
	}
	name := fmt.Sprintf("%d.%d", version>>16, version&0xffff)
	if a := c.Agreed; a.Version != name || a.Features != features || a.ConnectionID != connection {
		return fmt.Sprintf("agreed on %s with %#x, by connection %d", name, features, connection)
	}
	return ""
}

func checkFile[Case interface {
	check() (failure string)
	title() string
}](folder, name string) (failures int) {
	bytes, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		log.Fatal(err)
	}
	var file struct{ Cases []Case }
	if err := json.Unmarshal(bytes, &file); err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	for _, each := range file.Cases {
		if failure := each.check(); failure != "" {
			fmt.Printf("FAIL %s: %s\n", each.title(), failure)
			failures++
		}
	}
	if len(file.Cases) == 0 {
		fmt.Printf("FAIL %s: it has no cases\n", name)
		failures++
	}
	fmt.Printf("%s: %d cases\n", name, len(file.Cases))
	return failures
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: reader DIR")
	}
	folder := os.Args[1]
	failures := checkFile[ring](folder, "rings.json")
	failures += checkFile[packet](folder, "packets.json")
	failures += checkFile[exchange](folder, "exchanges.json")
	if failures > 0 {
		os.Exit(1)
	}
}
