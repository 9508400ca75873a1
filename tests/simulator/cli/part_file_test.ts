import { assertEquals, assertThrows } from "@std/assert";
import { PartFile } from "../../../simulator/cli/part_file.ts";
import { withTree } from "../../support/temp_tree.ts";

const namesIn = (root: string) => [...Deno.readDirSync(root)].map(({ name }) => name).sort();

Deno.test("PartFile: it is there when it is whole, and what was there is there until then", async () => {
  await withTree({ "a": "old" }, (root) => {
    using file = new PartFile(`${root}/a`);
    file.write(Uint8Array.of(1, 2));
    file.write(Uint8Array.of(3));
    assertEquals(Deno.readTextFileSync(`${root}/a`), "old");
    file.finish();
    assertEquals(Deno.readFileSync(`${root}/a`), Uint8Array.of(1, 2, 3));
    assertEquals(namesIn(root), ["a"]);
    return Promise.resolve();
  });
});

Deno.test("PartFile: what is not finished, or cannot be, leaves nothing", async () => {
  await withTree({ "folder/file": "kept" }, (root) => {
    {
      using file = new PartFile(`${root}/a`);
      file.write(Uint8Array.of(1));
    }
    {
      using file = new PartFile(`${root}/folder`);
      assertThrows(() => file.finish(), Error, "it is a folder");
    }
    assertEquals(namesIn(root), ["folder"]);
    assertThrows(() => new PartFile(`${root}/none/a`), Deno.errors.NotFound);
    return Promise.resolve();
  });
});

// Deno.exit, which a second signal leads to, disposes of nothing; it tells of itself by this event.
Deno.test("PartFile: a program that is ended at once leaves no part", async () => {
  await withTree({}, (root) => {
    using file = new PartFile(`${root}/a`);
    file.write(Uint8Array.of(1));
    globalThis.dispatchEvent(new Event("unload"));
    assertEquals(namesIn(root), []);
    return Promise.resolve();
  });
});
