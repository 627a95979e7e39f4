kill_ifupdown2() { # the one that holds ifupdown2's own lock
    inode=$(stat -c %i /run/network/.lock 2>/dev/null) || return 0
    awk -v inode="$inode" '$6 ~ ":" inode "$" { print $5 }' /proc/locks | while read -r pid; do
        note "killing a stuck ifupdown2, pid $pid"
        kill -KILL "$pid" 2>/dev/null
    done
}

take_lock() { # SECONDS: wait for whoever is changing the network
    exec 8>"$D/lock"
    flock -w "$1" 8
}

break_lock() { # SECONDS: the same for those who must get it: after that a hung holder is killed
    take_lock "$1" && return 0
    for verb in run rollback confirm; do
        with_systemd && systemctl kill -s KILL "vipkeeper-$verb-$ID.service" 2>/dev/null
        pid=$(value "$T/pid.$verb")
        [ -n "$pid" ] && [ "$pid" != "$$" ] && kill -KILL "-$pid" 2>/dev/null
    done
    kill_ifupdown2
    flock -w 30 8
}
