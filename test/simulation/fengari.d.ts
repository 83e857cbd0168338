/** The part of fengari (a Lua 5.3 in JavaScript) that the simulated Redis uses. */
declare module 'fengari' {
  type LuaState = object;
  type LuaString = Uint8Array;
  export const lua: {
    readonly LUA_REGISTRYINDEX: number;
    readonly LUA_OK: number;
    lua_pcall(state: LuaState, args: number, results: number, handler: number): number;
    lua_pushstring(state: LuaState, text: LuaString): void;
    lua_pushboolean(state: LuaState, value: boolean): void;
    lua_pushinteger(state: LuaState, value: number): void;
    lua_pushjsfunction(state: LuaState, fn: (state: LuaState) => number): void;
    lua_createtable(state: LuaState, array: number, record: number): void;
    lua_setfield(state: LuaState, index: number, name: LuaString): void;
    lua_setglobal(state: LuaState, name: LuaString): void;
    lua_rawseti(state: LuaState, index: number, key: number): void;
    lua_rawgeti(state: LuaState, index: number, key: number): number;
    lua_gettop(state: LuaState): number;
    lua_settop(state: LuaState, index: number): void;
    lua_isnil(state: LuaState, index: number): boolean;
    lua_isboolean(state: LuaState, index: number): boolean;
    lua_istable(state: LuaState, index: number): boolean;
    lua_toboolean(state: LuaState, index: number): boolean;
    lua_pop(state: LuaState, count: number): void;
  };
  export const lauxlib: {
    luaL_newstate(): LuaState;
    luaL_loadstring(state: LuaState, text: LuaString): number;
    luaL_ref(state: LuaState, table: number): number;
    luaL_tolstring(state: LuaState, index: number): LuaString;
  };
  export const lualib: { luaL_openlibs(state: LuaState): void };
}
