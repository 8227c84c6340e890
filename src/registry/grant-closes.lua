-- A token bucket of the whole fleet, kept as the time up to which its tokens are used (GCRA, ITU-T I.371).
-- KEYS[1] the bucket   ARGV[1] how many tokens are wanted   ARGV[2] tokens a second   ARGV[3] how long unused ones are kept, µs
-- Returns how many were there.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost = 1000000 / ARGV[2]
local kept = math.max(tonumber(ARGV[3]), cost)
local usedUpTo = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) or 0, now - kept)
if usedUpTo > now then usedUpTo = now end -- the clock went back
local granted = math.min(tonumber(ARGV[1]), math.floor((now - usedUpTo) / cost))
redis.call('SET', KEYS[1], string.format('%.0f', usedUpTo + granted * cost), 'PX', math.ceil(kept / 1000) + 1000)
return granted
