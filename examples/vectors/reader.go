// Reads exchanges.json, which `deno task vectors --generate DIR` writes, and holds a reader of control messages of its own
// against it: what do host and guest agree on? (docs/wire.md 4.5): go run reader.go DIR
package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

type agreement struct {
	Version                string
	Features, ConnectionID uint32
}

type exchange struct {
	Name   string
	Agreed *agreement
	Steps  []struct{ To, Hex string }
}

// agreed follows contacts and their answers: what both sides speak at the end, nil for nothing.
func (e exchange) agreed() (found *agreement, err error) {
	var asked uint32
	for at, step := range e.Steps {
		bytes, err := hex.DecodeString(step.Hex)
		if err != nil || len(bytes) < 8 {
			return nil, fmt.Errorf("step %d is no message", at)
		}
		word := func(at int) uint32 { // 0 where the message is shorter
			if len(bytes) < at+4 {
				return 0
			}
			return binary.LittleEndian.Uint32(bytes[at:])
		}
		switch number := word(0); {
		case step.To == "host" && number == 14: // InitiateContact
			asked, found = word(8), nil
		case step.To == "guest" && number == 15 && word(8)&0xffff == 1: // VersionResponse: supported, and no failure
			version := fmt.Sprintf("%d.%d", asked>>16, asked&0xffff)
			found = &agreement{version, word(16), 1}
			if asked >= 5<<16 { // the answer has the connection in the version's place
				found.ConnectionID = word(12)
			}
		}
	}
	return found, nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: reader DIR")
	}
	text, err := os.ReadFile(filepath.Join(os.Args[1], "exchanges.json"))
	if err != nil {
		log.Fatal(err)
	}
	var file struct{ Cases []exchange }
	if err := json.Unmarshal(text, &file); err != nil || len(file.Cases) == 0 {
		fmt.Printf("FAIL the file: it has no cases (%v)\n", err)
		os.Exit(1)
	}
	failures := 0
	for _, each := range file.Cases {
		found, err := each.agreed()
		if is, want := fmt.Sprintf("%+v", found), fmt.Sprintf("%+v", each.Agreed); err != nil || is != want {
			fmt.Printf("FAIL %s: got %s, expected %s (%v)\n", each.Name, is, want, err)
			failures++
		}
	}
	fmt.Printf("exchanges.json: %d cases\n", len(file.Cases))
	if failures > 0 {
		os.Exit(1)
	}
}
