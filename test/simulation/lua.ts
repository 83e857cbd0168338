import { lauxlib, lua, lualib } from 'fengari';

/** What a script gets from, and gives to, Redis. A Lua table is an array; nil and false are null. */
export type LuaValue = string | number | null | readonly LuaValue[];

/** fengari's own conversions, which decode UTF-8 byte by byte, are most of the time of a simulation; this is ASCII. */
function text(ascii: string): Uint8Array {
  const bytes = new Uint8Array(ascii.length);
  for (let index = 0; index < ascii.length; index++) bytes[index] = ascii.charCodeAt(index);
  return bytes;
}

function read(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** Runs the store's own scripts, as Redis would. One step each: nothing else happens meanwhile. */
export class LuaScripts {
  readonly #state = lauxlib.luaL_newstate();
  readonly #compiled = new Map<string, number>();

  constructor(call: (command: string, args: readonly string[]) => LuaValue) {
    const state = this.#state;
    lualib.luaL_openlibs(state);
    lua.lua_createtable(state, 0, 2);
    const run = (inner: object): number => {
      const args: string[] = [];
      for (let index = 1; index <= lua.lua_gettop(inner); index++) {
        args.push(read(lauxlib.luaL_tolstring(inner, index)));
        lua.lua_pop(inner, 1);
      }
      this.#push(call(args[0]!.toUpperCase(), args.slice(1)));
      return 1;
    };
    for (const name of ['call', 'pcall']) {
      lua.lua_pushjsfunction(state, run);
      lua.lua_setfield(state, -2, text(name));
    }
    lua.lua_setglobal(state, text('redis'));
  }

  run(source: string, keys: readonly string[], args: readonly (string | number)[]): LuaValue {
    const state = this.#state;
    lua.lua_settop(state, 0);
    this.#push([...keys]);
    lua.lua_setglobal(state, text('KEYS'));
    this.#push(args.map(String));
    lua.lua_setglobal(state, text('ARGV'));
    lua.lua_rawgeti(state, lua.LUA_REGISTRYINDEX, this.#compile(source));
    if (lua.lua_pcall(state, 0, 1, 0) !== lua.LUA_OK) {
      throw new Error(read(lauxlib.luaL_tolstring(state, -1)));
    }
    return this.#pull(-1);
  }

  #compile(source: string): number {
    let reference = this.#compiled.get(source);
    if (reference === undefined) {
      if (lauxlib.luaL_loadstring(this.#state, text(source)) !== lua.LUA_OK) {
        throw new Error(read(lauxlib.luaL_tolstring(this.#state, -1)));
      }
      reference = lauxlib.luaL_ref(this.#state, lua.LUA_REGISTRYINDEX);
      this.#compiled.set(source, reference);
    }
    return reference;
  }

  #push(value: LuaValue): void {
    if (value === null) {
      lua.lua_pushboolean(this.#state, false);
    } else if (typeof value === 'number') {
      lua.lua_pushinteger(this.#state, value);
    } else if (typeof value === 'string') {
      lua.lua_pushstring(this.#state, text(value));
    } else {
      lua.lua_createtable(this.#state, value.length, 0);
      value.forEach((element, index) => {
        this.#push(element);
        lua.lua_rawseti(this.#state, -2, index + 1);
      });
    }
  }

  #pull(index: number): LuaValue {
    const state = this.#state;
    if (lua.lua_isnil(state, index) || lua.lua_isboolean(state, index)) return null;
    if (!lua.lua_istable(state, index)) {
      const found = read(lauxlib.luaL_tolstring(state, index));
      lua.lua_pop(state, 1);
      return found; // Numbers too: none of the scripts returns one that is not a count.
    }
    const values: LuaValue[] = [];
    const table = lua.lua_gettop(state);
    for (let key = 1; ; key++) {
      lua.lua_rawgeti(state, table, key);
      // As Redis: a table ends at its first nil.
      if (lua.lua_isnil(state, -1)) break;
      values.push(this.#pull(-1));
      lua.lua_pop(state, 1);
    }
    lua.lua_pop(state, 1);
    return values;
  }
}
