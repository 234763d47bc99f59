-- The sample fetch lua.silent_server: the name of a server of the backend that is DOWN only because its health checks
-- time out, drawn at random; empty if there is none. A refused connection and a wrong answer are evidence against a
-- server. Silence may be the delay of a busy load balancer, or of servers that are all busy.

local TIMED_OUT = { L4TOUT = true, L6TOUT = true, L7TOUT = true }

local function is_silent(server)
    local found = server:get_stats()
    -- None in maintenance. While the next check runs, an asterisk stands before the result of the last one.
    local check = (found.check_status or ""):match("%w+$") or ""
    -- HAProxy 2.6 answers with a number.
    local draining = server:is_draining()
    return found.status:match("^DOWN") and TIMED_OUT[check] and found.weight > 0 and draining ~= true and draining ~= 1
end

core.register_fetches("silent_server", function(txn)
    local names = {}
    for name, server in pairs(core.backends[txn.f:be_name()].servers) do
        if is_silent(server) then
            table.insert(names, name)
        end
    end
    return #names > 0 and names[math.random(#names)] or ""
end)
