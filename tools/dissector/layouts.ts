/**
 * Layouts as tables of Lua, which the dissector walks as `fieldsOf` walks the layouts themselves.
 *
 * @module
 */

import type {
  ArrayType,
  ChoiceType,
  ConstantType,
  Count,
  Definition,
  Field,
  Layout,
  LimitedType,
  SizedLayout,
  Struct,
  TaggedLayout,
  Type,
} from "../../core/layout/mod.ts";
import {
  type FilterFields,
  filterWord,
  hasNames,
  isNameBehind,
  lookOf,
  luaText,
  numberOf,
  oneOfUnit,
  unitBytesOf,
} from "./fields.ts";

type AnyLayout = Struct<Definition> | SizedLayout<unknown> | TaggedLayout<unknown>;

/** What a formula may be made of, so that it is one of Lua as well as of people. */
const FORMULA = /^(?:[\w.]+|[-+*/() ])+$/;

/** A formula that says how many elements an array has, as a function of Lua of the fields before it. */
function luaFormula(formula: string): string {
  if (!FORMULA.test(formula) || formula.includes("**")) {
    throw new Error(`Cannot say in Lua: ${formula}`);
  }
  const words = formula.replaceAll(
    /[A-Za-z_]\w*/g,
    (word) => word === "ceil" ? "math.ceil" : `values.${word}`,
  );
  return `function(values) return ${words} end`;
}

function countTable(count: Count): string {
  if (typeof count === "number") return String(count);
  if (count === "toTheEnd") return "nil";
  return "field" in count ? luaText(count.field) : luaFormula(count.formula);
}

/** Lines, each further in. */
function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

/** Writes the layouts of one group of filters. */
export class LayoutTables {
  readonly #fields: FilterFields;
  readonly #group: string;

  readonly #inside: Readonly<Record<string, Layout<unknown>>>;

  /**
   * Those whose filters begin with `vmbus.` and `group`, where that is not empty; `inside`: layouts of fields that are
   * bytes to the struct that has them.
   */
  constructor(
    fields: FilterFields,
    group: string,
    inside: Readonly<Record<string, Layout<unknown>>> = {},
  ) {
    this.#fields = fields;
    this.#group = group;
    this.#inside = inside;
  }

  /** The table of `layout`. */
  tableOf(layout: Layout<unknown>): string {
    const any = layout as AnyLayout;
    switch (any.kind) {
      case "struct":
        return this.#struct(any);
      case "bySize":
        return this.#members(any, any.forms.map((form) => `${this.#struct(form)},`), "forms");
      case "byField": {
        const bodies = [...any.bodies].map(([name, body]) =>
          `[${numberOfTag(any, name)}] = ${this.tableOf(body)},`
        );
        const head = `head = ${this.#struct(any.head)},\ntag = ${luaText(any.tag)},`;
        return this.#members(any, bodies, "bodies", head);
      }
    }
  }

  #members(layout: AnyLayout, lines: readonly string[], name: string, head = ""): string {
    const inner = [
      `name = ${luaText(layout.name)}, kind = ${
        luaText(layout.kind)
      }, bytes = ${layout.byteCount},`,
      ...head === "" ? [] : [head],
      `${name} = {`,
      indented(lines.join("\n")),
      "},",
    ];
    return `{\n${indented(inner.join("\n"))}\n}`;
  }

  #struct(layout: Struct<Definition>): string {
    const first = `name = ${luaText(layout.name)}, kind = "struct", bytes = ${layout.byteCount},`;
    const lines = layout.list.map((field) => `${this.#field(layout.name, field)},`);
    return `{\n${indented([first, ...lines].join("\n"))}\n}`;
  }

  #field(owner: string, { name, offset, type, unit }: Field): string {
    const filter = this.#fields.filterOf(this.#group, owner, name, type, unit);
    const members = [
      `name = ${luaText(name)}`,
      `at = ${offset}`,
      ...this.#type(owner, name, type, unit),
      ...hasNames(type) ? [`names = names[${luaText(filter)}]`] : [],
      `field = F[${luaText(filter)}]`,
    ];
    return `{ ${members.join(", ")} }`;
  }

  /** What the walk needs to know of a type. */
  #type(owner: string, name: string, type: Type<unknown>, unit: string): string[] {
    const bytes = `bytes = ${type.byteCount}`;
    if (numberOf(type) !== null) return [bytes, ...this.#number(owner, name, type)];
    switch (type.kind) {
      case "bytes":
        return type.isFixed
          ? [`kind = "bytes"`, bytes, ...this.#insideOf(name)]
          : [`kind = "bytes_to_end"`, bytes, `unit = ${unitBytesOf(type)}`];
      case "guid":
      case "text":
      case "reserved":
        return [`kind = ${luaText(type.kind)}`, bytes];
      case "array": {
        const { element, count } = type as ArrayType<unknown>;
        const one = this.#fields.filterOf(this.#group, owner, singular(name), element, unit);
        const inner = this.#type(owner, name, element, "").join(", ");
        return [
          `kind = "array"`,
          bytes,
          `unit = ${luaText(unit === "" ? "elements" : unit)}`,
          `one = ${luaText(oneOfUnit(unit === "" ? "elements" : unit))}`,
          `count = ${countTable(count)}`,
          `element = { name = ${luaText(name)}, ${inner}, field = F[${luaText(one)}] }`,
        ];
      }
      default:
        return [`kind = "layout"`, bytes, `layout = ${this.tableOf(type as Layout<unknown>)}`];
    }
  }

  #insideOf(name: string): string[] {
    const layout = this.#inside[name];
    if (layout === undefined) return [];
    const group = [this.#group, filterWord(name)].join(".");
    return [`inside = ${new LayoutTables(this.#fields, group).tableOf(layout)}`];
  }

  #number(owner: string, name: string, type: Type<unknown>): string[] {
    const { flags } = lookOf(type);
    const number = numberOf(type)!;
    const isBig = "isBigEndian" in number && number.isBigEndian === true;
    return [
      `kind = ${luaText(type.kind === "bit" ? "bit" : "number")}`,
      ...isBig ? ["big = true"] : [],
      ...type.kind === "choice" ? ["is_choice = true"] : [],
      ...isNameBehind(type) ? ["is_name_behind = true"] : [],
      ...type.kind === "constant" ? [`value = ${(type as ConstantType).value}`] : [],
      ..."max" in type
        ? [`min = ${(type as LimitedType).min}`, `max = ${(type as LimitedType).max}`]
        : [],
      ...flags === undefined ? [] : [`flags = ${this.#flags(owner, name, number, flags)}`],
    ];
  }

  /** The bits of a number, each a field of its own. */
  #flags(
    owner: string,
    name: string,
    number: Type<unknown>,
    flags: Readonly<Record<string, number>>,
  ): string {
    const bits = Object.entries(flags).map(([flag, mask]) => {
      const bit = { ...number, kind: "bit", number, mask } as unknown as Type<unknown>;
      const group = [this.#group, filterWord(name)].filter((word) => word !== "").join(".");
      const filter = this.#fields.filterOf(group, owner, flag, bit, "");
      return `{ name = ${luaText(flag)}, mask = ${mask}, field = F[${luaText(filter)}] }`;
    });
    return `{ ${bits.join(", ")} }`;
  }
}

function numberOfTag({ head, tag }: TaggedLayout<unknown>, name: string): number {
  const choice = head.list.find((field) => field.name === tag)!.type as ChoiceType<string>;
  return choice.names[name]!;
}

/** What one of several is called: `ranges`, `pfns`. */
function singular(name: string): string {
  return name.replace(/s$/, "");
}
