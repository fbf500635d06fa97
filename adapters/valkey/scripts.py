"""The Lua scripts that change a read model in Valkey, each in one atomic step."""

import msgspec

# KEYS  the hashes of each segment that moves, one segment after the other, that of the first table first
# ARGV  a `Plan` as MessagePack, since each argument costs time; then all fields and documents: field, document,
#       field, document, …; then all fields to delete
# Returns 1, or 0 if a checkpoint is another, a hash was lost, or a segment has a later epoch.
SAVE = """
local plan = cmsgpack.unpack(ARGV[1])
local epochs = {}
for s, now in ipairs(plan.moves) do
    local first = (s - 1) * plan.tables + 1
    local found = redis.call('HMGET', KEYS[first], '@position', '@epoch', '@here')
    epochs[s] = tonumber(found[2] or '0')
    if (found[1] or '0') ~= plan.before or epochs[s] > now[1] then return 0 end
    for number = first + 1, first + plan.tables - 1 do
        if found[3] and redis.call('HEXISTS', KEYS[number], '@here') == 0 then return 0 end
    end
end
local at = 2
for number, key in ipairs(KEYS) do
    local last = at + plan.written[number] - 1
    while at <= last do
        local stop = math.min(at + 999, last)
        redis.call('HSET', key, unpack(ARGV, at, stop))
        at = stop + 1
    end
end
for number, fields in ipairs(plan.deleted) do
    for field = at, at + fields - 1 do redis.call('HDEL', KEYS[number], ARGV[field]) end
    at = at + fields
end
for s = 1, #plan.beside > 0 and #plan.moves or 0 do
    local first, changed = (s - 1) * plan.tables + 1, 0
    for _, table in ipairs(plan.beside) do
        local number = first + table
        changed = changed + plan.written[number] + (plan.deleted[number] or 0)
    end
    if changed > 0 then redis.call('HINCRBY', KEYS[first], '@beside', changed) end
end
local names = {'@applied', '@ignored', '@parked', '@skipped'}
for s, now in ipairs(plan.moves) do
    local key = KEYS[(s - 1) * plan.tables + 1]
    redis.call('HSET', key, '@position', plan.after)
    if plan.before == plan.after then
        redis.call('HINCRBY', key, '@redone', 1)
    elseif plan.mark == '' then
        redis.call('HDEL', key, '@mark')
    else
        redis.call('HSET', key, '@mark', plan.mark)
    end
    if epochs[s] ~= now[1] then redis.call('HSET', key, '@epoch', string.format('%.0f', now[1])) end
    for number, name in ipairs(names) do
        if now[number + 1] ~= 0 then redis.call('HINCRBY', key, name, now[number + 1]) end
    end
    if plan.healed ~= '' then redis.call('HSET', key, '@healed', plan.healed) end
end
return 1
"""

# KEYS  the hashes of a segment, that of the first table first
# ARGV  the new epoch
# Returns the checkpoint, and the epoch: a later one stays. Documents without a checkpoint are deleted, since their
# position is not known; so is a segment that has lost a hash. Hashes of older code are marked here.
CLAIM = """
local found = redis.call('HMGET', KEYS[1], '@position', '@epoch', '@here')
local position, epoch = found[1], found[2] or '0'
if tonumber(epoch) <= tonumber(ARGV[1]) then
    epoch = ARGV[1]
    for number = 2, #KEYS do
        if found[3] and redis.call('HEXISTS', KEYS[number], '@here') == 0 then position = false end
    end
    if not position then redis.call('UNLINK', unpack(KEYS)) end
    redis.call('HSET', KEYS[1], '@epoch', epoch)
    for _, key in ipairs(KEYS) do redis.call('HSET', key, '@here', '1') end
end
return {position or '0', epoch}
"""

# KEYS  the hashes of a segment, that of the first table first
# ARGV  the epoch, BEGUN
# Returns 1, or 0 if the epoch is another.
BEGIN = """
if redis.call('HGET', KEYS[1], '@epoch') ~= ARGV[1] then return 0 end
redis.call('UNLINK', unpack(KEYS))
redis.call('HSET', KEYS[1], '@epoch', ARGV[1], '@position', ARGV[2])
for _, key in ipairs(KEYS) do redis.call('HSET', key, '@here', '1') end
return 1
"""


class SavePlan(msgspec.Struct):
    """
    The first argument of `SAVE`.

    Attributes:
        tables: their number.
        before: the checkpoint as it must be; `after` as it will be.
        healed: id of the parked key that heals, or an empty text.
        mark: of the checkpoint as it will be; empty if it is not known.
        moves: of each segment its epoch, and what to add to its four counts.
        beside: numbers of the tables whose rows are joined with documents, counted from 0.
        written: number of values that follow for each hash.
        deleted: number of fields to delete of each hash; empty if none are.
    """

    tables: int
    before: str
    after: str
    healed: str
    mark: str
    moves: list[tuple[int, int, int, int, int]]
    beside: list[int]
    written: list[int] = []
    deleted: list[int] = []
