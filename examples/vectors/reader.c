/* Reads rings.txt and packets.txt, which `deno task vectors --generate DIR` writes, and holds a reader of its own
 * against them (docs/wire.md 1 to 3): cc -o reader reader.c && ./reader DIR */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 1024, WIDTH = 40000, PAGE = 4096 };
static char lines[LINES][WIDTH];
static int count, failures;

/* The value of a line of the case. */
static const char *get(const char *key) {
  size_t n = strlen(key);
  for (int i = 0; i < count; i++)
    if (!strncmp(lines[i], key, n) && lines[i][n] == ' ') return lines[i] + n + 1;
  return "";
}
/* The same of member `name` of the item `i` of the list `list`. */
static const char *item(const char *list, int i, const char *name) {
  char key[128];
  snprintf(key, sizeof key, "%s.%d.%s", list, i, name);
  return get(key);
}
static unsigned number(const char *value) { return strtoul(value, NULL, 10); }
static size_t bytes_of(const char *hex, uint8_t *to) {
  size_t n = 0;
  for (unsigned byte; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++) to[n] = byte;
  return n;
}
static void expect(int isGood, const char *what) {
  if (isGood) return;
  printf("FAIL %s: %s\n", get("case"), what);
  failures++;
}

static unsigned u16(const uint8_t *at) { return at[0] | at[1] << 8; }
static uint32_t u32(const uint8_t *at) { return u16(at) | (uint32_t)u16(at + 2) << 16; }

/* What a ring's reader has against a descriptor, of whose packet and trailer `there` bytes are to be seen (1.9). */
static const char *descriptor_fault(const uint8_t *packet, uint32_t there) {
  uint32_t offset = u16(packet + 2) * 8, length = u16(packet + 4) * 8, type = u16(packet);
  if (there < 16) return "invalidDataAvailable";
  if (offset < 16 || offset > length || length + 8 > there) return "invalidDescriptorLengths";
  if (u16(packet + 6) > 1) return "invalidDescriptorFlags";
  if (type == 6 || type == 11) return NULL;
  if (type != 7 && type != 9) return "invalidDescriptorType";
  if (offset < 24) return "invalidDescriptorLengths";
  return type == 9 && u32(packet + 20) == 0 ? "invalidGpaDirectRangeCount" : NULL;
}

/* What is wrong with the ranges of a packet (2.3, 3.1); the PFNs and buffer parts that there are, are counted. */
static const char *ranges_fault(const uint8_t *packet, unsigned *pages) {
  uint32_t at = 24, end = u16(packet + 2) * 8, ranges = u32(packet + 20);
  int isDirect = u16(packet) == 9;
  *pages = 0;
  if (!isDirect && (ranges == 0 || ranges > (end - at) / 8)) return "emptyRange";
  for (uint32_t i = 0; isDirect && i < ranges; i++, at += 8) {
    if (end - at < 8) return "emptyRange";
    uint32_t bytes = u32(packet + at), offset = u32(packet + at + 4);
    if (bytes == 0) return "emptyByteCount";
    if (offset >= PAGE) return "offsetTooLarge";
    if ((uint64_t)bytes + offset + PAGE - 1 > UINT32_MAX) return "rangeOverflow";
    uint32_t touched = (bytes + offset + PAGE - 1) / PAGE;
    if ((end - at - 8) / 8 < touched) return "rangeTooSmall";
    *pages += touched;
    at += 8 * touched;
  }
  return NULL;
}

static void check_ring(void) {
  static uint8_t ring[PAGE * 16], packet[PAGE * 16], hex[PAGE * 16];
  uint32_t size = number(get("ringDataBytes"));
  uint8_t *data = ring + PAGE;
  memset(ring, 0, sizeof ring);
  if (size == 0 || size > sizeof ring - PAGE) return expect(0, "a ring of another size than this program has");
  for (unsigned i = 0; i < number(get("bytes")); i++) {
    unsigned offset = number(item("bytes", i, "offset"));
    if (offset > sizeof ring - WIDTH / 2) return expect(0, "bytes that are not in the ring");
    bytes_of(item("bytes", i, "hex"), ring + offset);
  }
  uint32_t w = u32(ring), first = u32(ring + 4), mask = u32(ring + 8), pending = u32(ring + 12), r = first;
  const char *fault = r >= size || r % 8 ? "invalidReadIndex" : w >= size || w % 8 ? "invalidWriteIndex" : NULL;
  unsigned packets = 0;
  for (uint32_t used; !fault && r != w; packets++) {
    used = w > r ? w - r : size - r + w;
    for (uint32_t i = 0; i < used; i++) packet[i] = data[(r + i) % size];
    if ((fault = descriptor_fault(packet, used))) break;
    uint32_t length = u16(packet + 4) * 8;
    expect(number(item("reader.packets", packets, "offset")) == r, "a packet begins elsewhere");
    expect(bytes_of(item("reader.packets", packets, "hex"), hex) == length && !memcmp(hex, packet, length), "its bytes");
    r = (r + length + 8) % size;
  }
  if (!fault && !packets && mask && !strcmp(get("reader.isUnmasked"), "true")) fault = "interruptsExternallyMasked";
  expect(!strcmp(get("reader.fault"), fault ? fault : "null"), "the reader's fault");
  expect(number(get("reader.packets")) == packets, "how many packets there are");
  if (fault) return;
  uint32_t before = size - (w >= first ? w - first : size - first + w); /* free; after the commit all of it is */
  int signals = packets && ring[64] & 1 && pending && before <= pending && size > pending;
  expect(number(get("reader.readIndex")) == r, "the read index");
  expect(!strcmp(get("reader.signalsWriter"), signals ? "true" : "false"), "whether the writer is signalled");
  for (unsigned i = 0; i < number(get("writer.writes")); i++) {
    uint32_t total = 16 + (number(item("writer.writes", i, "payloadBytes")) + 7) / 8 * 8 + 8;
    const char *result = total > size - 16 ? "tooLarge" : total >= before ? "full" : "ok";
    expect(!strcmp(item("writer.writes", i, "result"), result), "the result of a write");
    if (strcmp(result, "ok")) continue;
    expect(number(item("writer.writes", i, "writeIndex")) == (w + total) % size, "the write index");
    expect(!strcmp(item("writer.writes", i, "signalsReader"), !mask && first == w ? "true" : "false"), "a signal");
  }
}

static void check_packet(void) {
  static uint8_t packet[PAGE * 16];
  unsigned pages = 0, found = 0, length = bytes_of(get("hex"), packet);
  const char *by = get("fault.by"), *name = get("fault.name"), *fault = descriptor_fault(packet, length + 8);
  if (!fault && u16(packet) == 11 && u16(packet + 6)) fault = "unexpectedFlags";
  if (!fault && (u16(packet) == 7 || u16(packet) == 9)) fault = ranges_fault(packet, &pages);
  if (!strcmp(by, "pipe")) return; /* whoever reads pipes says so: not this program */
  expect(!strcmp(name, fault ? fault : ""), "the packet's fault");
  if (fault) return;
  expect(number(get("packet.type")) == u16(packet), "the type");
  expect(number(get("packet.payloadOffset")) == u16(packet + 2) * 8, "where the payload begins");
  for (unsigned i = 0; i < number(get("packet.gpaRanges")); i++)
    for (const char *pfns = item("packet.gpaRanges", i, "pfns"); pfns; pfns = strchr(pfns + 1, ' ')) found++;
  expect(found == pages, "how many pages there are");
}

static void check_file(const char *folder, const char *name, void (*check)(void)) {
  char path[4096];
  int cases = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  if (!file) exit((perror(path), 2));
  for (count = 0; fgets(lines[count], WIDTH, file);) {
    lines[count][strcspn(lines[count], "\r\n")] = 0;
    if (!strncmp(lines[count], "case ", 5)) memmove(lines[0], lines[count], WIDTH), count = 1;
    else if (!strcmp(lines[count], "end")) check(), cases++, count = 0;
    else if (++count == LINES) exit((fprintf(stderr, "%s: a case of too many lines\n", path), 2));
  }
  fclose(file);
  if (!cases || count) printf("FAIL %s: it ends in a case, or has none\n", name), failures++;
  printf("%s: %d cases\n", name, cases);
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: reader DIR\n"), 2;
  check_file(argv[1], "rings.txt", check_ring);
  check_file(argv[1], "packets.txt", check_packet);
  return failures > 0;
}
