# What waits on the switch, and what interrupted changes have left behind.
# Prints "pending|STATE|ID|OWNER|SECONDS LEFT|ARMED|HOLD" (ARMED: yes, no, unknown) and "left|KIND|PATH" lines, then "done".
# Sent after napalm_cumulus/commit/switch/alive.sh, which defines value and armed.
[ "$(id -u)" -eq 0 ] || exit 77
read -r up rest </proc/uptime
for state in pending claimed.revert claimed.confirm; do
    dir=/run/vipkeeper/$state
    [ -d "$dir" ] || continue
    deadline=$(value "$dir/deadline")
    case $deadline in *[!0-9]* | ????????????????*) deadline= ;; esac
    line=$(printf 'pending|%s|%s|%s|%s|%s|%s' "$state" "$(value "$dir/id")" "$(value "$dir/owner")" \
        "${deadline:+$((${deadline#"${deadline%%[!0]*}"} - ${up%%.*}))}" "$(armed "$dir" "$(value "$dir/id")")" \
        "$(value "$dir/hold")")
    # A commit that was claimed or has ended meanwhile is read half; its timer is not dead.
    [ ! -d "$dir" ] || printf '%s\n' "$line"
done
[ -d /var/lib/vipkeeper/confirm ] && echo 'left|confirm|/var/lib/vipkeeper/confirm'
for dir in /run/vipkeeper/.incoming.*; do
    [ -d "$dir" ] || continue
    pid=$(value "$dir/pid.front")
    # A commit that is being sent at this moment has no program yet.
    if [ -n "$pid" ]; then
        kill -0 "$pid" 2>/dev/null && continue
    else
        [ -n "$(find "$dir" -maxdepth 0 -mmin +5)" ] || continue
    fi
    printf 'left|incoming|%s\n' "$dir"
done
find /etc/network -xdev -name '.*.vipkeeper.*' -exec printf 'left|file|%s\n' {} \; 2>/dev/null
echo 'done'
