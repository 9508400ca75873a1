import { assertEquals, assertNotEquals } from "@std/assert";
import { Requester } from "../../bench/exchange.ts";
import { EXCHANGED, EXCHANGES } from "../../bench/transaction.ts";

/** What the requester's books must say after `count` transactions of `payloadBytes`. */
function booksAfter(count: number, payloadBytes: number) {
  const requester = new Requester(payloadBytes);
  requester.want(count);
  while (requester.next()) requester.answered(requester.payload, payloadBytes);
  const { completed, answerBytes, checksum } = requester;
  return { completed, answerBytes, checksum };
}

for (const { work, options } of EXCHANGED) {
  Deno.test(`Exchange: everyone answers the same requests with the same bytes, ${work}`, async () => {
    for (const { name, open } of EXCHANGES) {
      const exchange = await open(options);
      // More than the rings hold of large ones, and a second run that continues where the first ended.
      await exchange.run(300);
      await exchange.run(5);
      const { completed, answerBytes, checksum } = exchange.requester;
      await exchange.close();
      assertEquals(
        { completed, answerBytes, checksum },
        booksAfter(305, options.payloadBytes),
        name,
      );
    }
  });
}

Deno.test("Requester: its checksum tells answers in another order or with other bytes apart", () => {
  const answers = [[1, 2], [3, 4]].map((bytes) => Uint8Array.from(bytes));
  const sumOf = (list: readonly Uint8Array[]) => {
    const requester = new Requester(2);
    for (const answer of list) requester.answered(answer, answer.length);
    return requester.checksum;
  };
  assertNotEquals(sumOf(answers), sumOf(answers.toReversed()));
  assertNotEquals(sumOf(answers), sumOf([answers[0]!, Uint8Array.of(3, 5)]));
});

Deno.test("Requester: hands out as many requests as are wanted, and is done with their answers", () => {
  const requester = new Requester(2);
  requester.want(2);
  assertEquals([requester.next(), requester.next(), requester.next()], [true, true, false]);
  requester.answered(requester.payload, 2);
  assertEquals(requester.isDone, false);
  requester.answered(requester.payload, 2);
  assertEquals(requester.isDone, true);
});
