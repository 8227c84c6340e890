-- Writes a device's entry unless a newer connection's is there.
-- KEYS[1] the device's key
-- ARGV[1] the entry as JSON up to the value of `t`, its last member   ARGV[2] traceId   ARGV[3] lease, ms   ARGV[4] `t`
-- ARGV[5] '1' if the connection knows of no entry of its own yet: with the same `t` as another one it is the newer
-- ARGV[6] how far ahead of this server's clock no `t` can be unless the clock went back, ms
-- Returns {1, t, previous or ''} when written, {0, stored, 1 if the clock must have gone back since} when refused.

local function fits(value, shape, most)
  return type(value) == 'string' and #value <= most and string.find(value, shape) ~= nil
end

-- Another program may have written the key: what is no entry counts as none. entry.ts has the same rules.
local function parse(text)
  local readable, entry = pcall(cjson.decode, text)
  if not readable or type(entry) ~= 'table' then return nil end
  local complete = fits(entry.serverIp, '^[!-~]*$', 255) and type(entry.port) == 'number'
    and fits(entry.traceId, '^[!#-~]+$', 128) and fits(entry.podId, '^[%w._:-]+$', 128)
    and type(entry.t) == 'number' and math.abs(entry.t) < 2 ^ 53 and entry.t == math.floor(entry.t)
  return complete and entry or nil
end

local stored = redis.call('GET', KEYS[1])
local entry = stored and parse(stored)
local t = tonumber(ARGV[4])
local first = ARGV[5] == '1'
if entry and entry.traceId ~= ARGV[2] then
  if entry.t > t or (entry.t == t and not first) then
    local clock = redis.call('TIME')
    local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
    return { 0, stored, entry.t > now + tonumber(ARGV[6]) and 1 or 0 }
  end
  if entry.t == t then t = t + 1 end
end
local text = string.format('%.0f', t)
redis.call('SET', KEYS[1], ARGV[1] .. text .. '}', 'PX', ARGV[3])
return { 1, text, stored or '' }
