import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import {
  STATUS_BUFFER_OVERFLOW,
  STATUS_INVALID_PARAMETER_2,
  STATUS_PENDING,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
} from "../../core/ntstatus.ts";
import { expectSuccess, KmclError } from "../../kmcl/expect_success.ts";

Deno.test("expectSuccess: returns a good status, and a good structure as it is", () => {
  assertEquals(expectSuccess(STATUS_SUCCESS), STATUS_SUCCESS);
  const result = { status: STATUS_SUCCESS, channel: "handle" as string | null };
  const succeeded: { readonly channel: string } = expectSuccess(result);
  assertStrictEquals<unknown>(succeeded, result);
});

Deno.test("expectSuccess: what NT_SUCCESS takes for one is a success", () => {
  // kmcl.md section 10
  for (const status of [STATUS_PENDING, STATUS_TIMEOUT]) {
    assertEquals(expectSuccess(status), status);
    assertEquals(expectSuccess({ status }), { status });
  }
});

Deno.test("expectSuccess: throws a KmclError that names function and status", () => {
  const error = assertThrows(
    () => expectSuccess({ status: STATUS_INVALID_PARAMETER_2 }, "VmbChannelAllocate"),
    KmclError,
    "Cannot go on as VmbChannelAllocate returned STATUS_INVALID_PARAMETER_2",
  );
  assertInstanceOf(error, Error);
  assertEquals([error.name, error.status], ["KmclError", STATUS_INVALID_PARAMETER_2]);
});

Deno.test("expectSuccess: a warning is no success", () => {
  const error = assertThrows(() => expectSuccess(STATUS_BUFFER_OVERFLOW), KmclError);
  assertEquals(error.message, "Cannot go on as a KMCL function returned STATUS_BUFFER_OVERFLOW");
});

Deno.test("expectSuccess: shows a status without a name as a number", () => {
  for (
    const [status, text] of [[0xc000_1234, "0xc0001234"], [0xffff_ffff, "0xffffffff"]] as const
  ) {
    const error = assertThrows(() => expectSuccess(status), KmclError);
    assertEquals([error.message, error.status], [
      `Cannot go on as a KMCL function returned ${text}`,
      status,
    ]);
  }
});
