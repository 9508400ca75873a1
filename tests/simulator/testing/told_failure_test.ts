// api.md section 8: the story of a failed body, the files that are left of it, and how the body takes them back.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type * as vmbus from "../../../mod.ts";
import {
  ArtefactError,
  type FabricTestArtefact,
  FabricTestError,
  RegressionError,
  replayArtefact,
  testFabric,
  type TestFabricOptions,
} from "../../../simulator/testing/mod.ts";
import { addressOfCurrent, lineFrom } from "../../../simulator/driver_lines.ts";
import { makePair, openPair } from "../../support/connected_pair.ts";
import { withTree } from "../../support/temp_tree.ts";

/** The guests `a`, `b` and `c` in the order in which their drivers hear that their channel has started. */
async function orderOf(fabric: vmbus.Fabric): Promise<string> {
  let order = "";
  await Promise.all(["a", "b", "c"].map(async (name) => {
    const guest = fabric.createPartition({ name, memoryPages: 64 });
    await openPair({
      within: { fabric, guest },
      clientCallbacks: { EvtChannelStarted: () => void (order += name) },
    });
  }));
  return order;
}

/** Fails where `c` comes before `b`. */
async function racing(fabric: vmbus.Fabric): Promise<void> {
  const order = await orderOf(fabric);
  fabric.dispose(); // else its channels are leaks
  if (order.indexOf("c") < order.indexOf("b")) throw new Error("c came first");
}

async function failureOf(
  options: TestFabricOptions,
  body: (fabric: vmbus.Fabric) => void | Promise<void> = racing,
): Promise<FabricTestError> {
  return await assertRejects(() => testFabric(options, body), FabricTestError);
}

/** Where the files of a failure are. */
function filesOf({ message }: FabricTestError): { readonly file: string; readonly page: string } {
  const [, file = "", page = ""] = /\nartefact: (\S+)\npage: (\S+)\n/.exec(message) ?? [];
  return { file, page };
}

Deno.test("testFabric: where the schedule draws orders, a failure tells its story with as few switches as it needs, and leaves artefact and page", async () => {
  await withTree({}, async (root) => {
    const folder = `${root}/kept`;
    const failure = await failureOf({ seeds: 40, folder });
    const { message, artefact, story } = failure;
    assertMatch(message, /\nmade smaller: |\nmade smaller: no smaller/);
    assertStringIncludes(message, "crash: the body ends well: Error: c came first\n");
    assertMatch(message, /^X +\d+ /m);
    const { file, page } = filesOf(failure);
    assertMatch(file, /\/kept\/told-failure-test-\d+-\d+-the-body-ends-well\.vmbus-test\.json$/);
    assertStringIncludes(message, `\nreplay the artefact: testFabric({ replay: "${file}" }, …)\n`);
    // How to have the whole run again stays the last line.
    assertMatch(message, /\nreplay: testFabric\(\{ seed: .*$/);
    const kept: FabricTestArtefact = JSON.parse(await Deno.readTextFile(file));
    assertEquals(kept, JSON.parse(JSON.stringify(artefact)));
    assertMatch(
      kept.test ?? "",
      /^\.\.\/.*tests\/simulator\/testing\/told_failure_test\.ts:\d+:\d+$/,
    );
    assert(kept.choices!.join(" ").split(" ").filter((word) => word.includes(".")).length <= 2);
    assertEquals(story!.finding.message, "Error: c came first");
    const html = await Deno.readTextFile(page);
    assertStringIncludes(html, "<h1>the body ends well</h1>");
    assertStringIncludes(html, `testFabric({ replay: &quot;${file}&quot; }, …)`);
    assert(!html.includes("file://"), "no line is absolute");
  });
});

Deno.test("testFabric: takes an artefact back by its path, its address, or as it is, whatever its other options say", async () => {
  await withTree({}, async (folder) => {
    const { file } = filesOf(await failureOf({ seeds: 40, folder }));
    const kept: FabricTestArtefact = JSON.parse(await Deno.readTextFile(file));
    let runs = 0;
    const orders: string[] = [];
    const body = async (fabric: vmbus.Fabric) => {
      runs++;
      orders.push(await orderOf(fabric));
      fabric.dispose();
      throw new Error("c came first");
    };
    const typed = [
      `replay: ${JSON.stringify(file)}`,
      `replay: "file://${file}"`,
      "replay: artefact",
    ];
    for (const [at, replay] of [file, new URL(`file://${file}`), kept].entries()) {
      const failure = await failureOf({ seeds: 7, codecs: "both", folder, replay }, body);
      assertEquals(failure.replay, `testFabric({ ${typed[at]} }, …)`);
      assertEquals(failure.story!.finding.message, "Error: c came first");
      assertMatch(failure.message, /\npage: \S+\n/);
      assertEquals(failure.artefact, null);
    }
    assertEquals([runs, new Set(orders).size], [3, 1]); // one run each, always the same
  });
});

Deno.test("testFabric: a replay that is another run by now says so, also where the body catches that", async () => {
  await withTree({}, async (folder) => {
    const { artefact } = await failureOf({ seeds: 40, folder });
    const replay = artefact!;
    const other = async (fabric: vmbus.Fabric) => {
      fabric.createPartition({ name: "d" });
      await orderOf(fabric).catch(() => {});
      fabric.dispose();
    };
    const diverged = await assertRejects(
      () => testFabric({ folder, replay }, other),
      RegressionError,
      "The run is another one from step",
    );
    assertMatch(diverged.message, /; look without replay: artefact$/);
    const shorter = () => testFabric({ folder, replay }, () => {});
    await assertRejects(shorter, RegressionError, "and then ended; the artefact has");
    await testFabric({ folder, replay }, async (fabric) => {
      await orderOf(fabric);
      fabric.dispose(); // it is mended
    });
  });
});

Deno.test("testFabric: a seed keeps its type, and the fabric its options, in an artefact", async () => {
  await withTree({}, async (folder) => {
    const seeds = [2n ** 64n - 1n];
    const fail = (fabric: vmbus.Fabric) => {
      fabric.root.memory.allocate(64 * 4096); // there is no more
      throw new Error("all is allocated");
    };
    const { artefact } = await failureOf(
      { seeds, folder, rootMemoryPages: 64, trace: "off" },
      fail,
    );
    assertEquals([artefact!.seed, artefact!.settings], ["18446744073709551615n", {
      rootMemoryPages: 64,
      schedule: "random",
    }]);
    const again = await failureOf({ folder, replay: artefact! }, fail);
    assertEquals([again.run.seed, (again.thrown as Error).message], [seeds[0], "all is allocated"]);
  });
});

Deno.test("testFabric: in fifo order a failure is told as well, by one more run, which has lines of its own", async () => {
  await withTree({}, async (folder) => {
    let runs = 0;
    const failure = await failureOf({ verifier: "record", folder }, (fabric) => {
      runs++;
      const { vsc, client } = makePair({ within: { fabric, guest: fabric.root } });
      vsc.VmbChannelSetTransactionQuota(client, 0);
      fabric.settle();
    });
    assertEquals(runs, 2);
    assertEquals(failure.artefact!.choices, []);
    assertMatch(failure.message, /\nX +0 .*correctness: quota 0/);
    assertMatch(failure.artefact!.finding.source!, /^\.\.\/.*told_failure_test\.ts:\d+:\d+$/);
    const page = await Deno.readTextFile(filesOf(failure).page);
    const here = lineFrom(addressOfCurrent(), import.meta.url); // from where the user stands
    assertStringIncludes(page, `from <code>${here}:`);
    assert(!page.includes("file://"));
  });
});

Deno.test("testFabric: what is left behind is told in the words of the leaks", async () => {
  await withTree({}, async (folder) => {
    const { artefact } = await failureOf({ folder }, (fabric) => {
      fabric.createPartition({ name: "guest" }).memory.allocate(10);
    });
    const { kind, rule, message } = artefact!.finding;
    assertEquals([kind, rule], ["correctness", "nothing is left behind"]);
    assertEquals(message, "guest: 10 bytes at 0x0 were not freed");
  });
});

// A terminal has colours and a CI has none: it is one failure, and one line of a story.
Deno.test("testFabric: an assertion's colours and line ends are no part of what its failure is", async () => {
  await withTree({}, async (folder) => {
    const { artefact } = await failureOf({ folder }, () => {
      throw new Error(
        "not equal.\n\n\x1b[90m\x1b[1m[Diff]\x1b[22m\x1b[39m\n\x1b[31m-   1\x1b[0m\n",
      );
    });
    assertEquals(artefact!.finding.message, "Error: not equal. [Diff] - 1");
  });
});

Deno.test("testFabric: a body that fails another way each time leaves nothing, and says so", async () => {
  for (const schedule of ["fifo", "random"] as const) {
    let runs = 0;
    const failure = await failureOf({ schedule, folder: "nowhere" }, () => {
      if (runs++ === 0) throw new Error("once");
    });
    assertMatch(failure.message, /\nnothing is kept: the body does not fail that way each time/);
    assertEquals([failure.artefact, failure.story], [null, null]);
  }
});

Deno.test("testFabric: without a story a failure is told as it was, and the body runs no more", async () => {
  let runs = 0;
  const { message } = await failureOf({ seeds: 3, story: false }, () => {
    runs++;
    throw new Error("no");
  });
  assertEquals(runs, 1);
  assert(!message.includes("artefact:"));
});

Deno.test("testFabric: what is no artefact is refused before anything runs, with what is wrong", async () => {
  await withTree({ "no.json": "{", "big": "" }, async (folder) => {
    const { artefact } = await failureOf({ seeds: 40, folder });
    const bad: readonly [unknown, string][] = [
      [`${folder}/no.json`, "no.json: it is no JSON"],
      [`${folder}/none.json`, "none.json: it cannot be read"],
      [folder, "it is no file"],
      [{ ...artefact, format: "vmbus-run" }, 'format must be "vmbus-test"'],
      [{ ...artefact, version: 2 }, "version must be 1"],
      [{ ...artefact, seed: "9007199254740992" }, "seed must be at most 9007199254740991"],
      [{ ...artefact, settings: { schedule: "best" } }, "settings must be options of a fabric"],
      [{ ...artefact, settings: { clock: "slow" } }, "settings must be options of a fabric"],
      [{ ...artefact, choices: ["x1"] }, '"x1" is no choice'],
      [3, "it must be an object"],
    ];
    let runs = 0;
    for (const [replay, reason] of bad) {
      const run = () => testFabric({ replay: replay as never }, () => void runs++);
      await assertRejects(run, ArtefactError, reason);
    }
    const real = () => testFabric({ replay: artefact!, clock: "real" }, () => void runs++);
    await assertRejects(real, TypeError, "give replay or a real clock, not both");
    await assertRejects(
      () => testFabric({ folder: "" }, () => void runs++),
      TypeError,
      "folder must",
    );
    assertEquals(runs, 0);
    // The other door says whose it is.
    const elsewhere = () => replayArtefact(artefact);
    await assertRejects(
      elsewhere,
      ArtefactError,
      "it is a run of a test: that test takes it",
    );
  });
});
