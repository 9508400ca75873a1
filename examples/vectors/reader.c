/* Reads rings.txt, which `deno task vectors --generate DIR` writes, and holds a reader of rings of its own against it
 * (docs/wire.md 1): cc -o reader reader.c && ./reader DIR */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 4096, RING = 16 * PAGE };
static char line[2 * RING + 80], name[80] = "the file", wanted[80];
static uint8_t ring[RING], packet[RING];
static uint32_t size, at, taken, unmasked, place;
static int cases, failures;

static uint32_t u16(const uint8_t *p) { return p[0] | p[1] << 8; }
static uint32_t u32(const uint8_t *p) { return u16(p) | u16(p + 2) << 16; }

/* The next packet of the ring, in `packet` (1.9): NULL, "null" where there is none, or the fault. */
static const char *next(void) {
  uint32_t write = u32(ring), used = write >= at ? write - at : size - at + write;
  if (at >= size || at % 8) return "invalidReadIndex";
  if (write >= size || write % 8) return "invalidWriteIndex";
  if (!used) return !taken && unmasked && u32(ring + 8) ? "interruptsExternallyMasked" : "null";
  for (uint32_t i = 0; i < used; i++) packet[i] = ring[PAGE + (at + i) % size];
  uint32_t type = u16(packet), offset = u16(packet + 2) * 8, length = u16(packet + 4) * 8;
  if (used < 16) return "invalidDataAvailable";
  if (offset < 16 || offset > length || length + 8 > used) return "invalidDescriptorLengths";
  if (u16(packet + 6) > 1) return "invalidDescriptorFlags";
  if (type != 6 && type != 7 && type != 9 && type != 11) return "invalidDescriptorType";
  if ((type == 7 || type == 9) && offset < 24) return "invalidDescriptorLengths";
  if (type == 9 && !u32(packet + 20)) return "invalidGpaDirectRangeCount";
  at = (at + length + 8) % size; /* behind it is its trailer */
  taken++;
  return NULL;
}

static void expect(int isGood, const char *what) {
  if (!isGood) printf("FAIL %s: %s\n", name, what), failures++;
}

/* Bytes in base 16, to where there is room for so many; returns how many they are. */
static uint32_t bytes_of(const char *hex, uint8_t *to, uint32_t room) {
  uint32_t n = 0;
  for (unsigned byte; n < room && sscanf(hex + 2 * n, "%2x", &byte) == 1; n++) to[n] = byte;
  return n;
}

static void take(void) {
  static uint8_t right[RING];
  int hex = 0;
  if (sscanf(line, "case %79s", name) == 1) memset(ring, 0, RING), at = taken = 0;
  else if (sscanf(line, "ringDataBytes %u", &size) == 1) expect(size && size <= RING - PAGE, "too large a ring"), size %= RING;
  else if (sscanf(line, "bytes.%*u.offset %u", &place) == 1) place %= RING;
  else if (sscanf(line, "bytes.%*u.hex %n", &hex), hex) bytes_of(line + hex, ring + place, RING - place), at = u32(ring + 4);
  else if (sscanf(line, "reader.isUnmasked %79s", wanted) == 1) unmasked = !strcmp(wanted, "true");
  else if (sscanf(line, "reader.packets.%*u.offset %u", &place) == 1) expect(place == at, "a packet begins elsewhere");
  else if (sscanf(line, "reader.packets.%*u.hex %n", &hex), hex) {
    uint32_t length = bytes_of(line + hex, right, RING);
    expect(!next() && u16(packet + 4) * 8 == length && !memcmp(packet, right, length), "another packet");
  } else if (sscanf(line, "reader.fault %79s", wanted) == 1) {
    const char *found = next();
    expect(found && !strcmp(found, wanted), found ? found : "a packet more");
  } else if (sscanf(line, "reader.readIndex %u", &place) == 1) expect(place == at, "the read index");
  else if (!strcmp(line, "end\n")) cases++, strcpy(name, "the file");
}

int main(int argc, char **argv) {
  char path[4096];
  snprintf(path, sizeof path, "%s/rings.txt", argc == 2 ? argv[1] : ".");
  FILE *file = fopen(path, "r");
  if (!file) return perror(path), 2;
  while (fgets(line, sizeof line, file)) take();
  fclose(file);
  expect(cases && !strcmp(name, "the file"), "it ends in a case, or has none");
  printf("rings.txt: %d cases\n", cases);
  return failures > 0;
}
