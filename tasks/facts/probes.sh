# The probes that a switch makes by itself, all at once: at most about 1.5 s.
#
# Arguments: pings for each VIP, pings in all, an address outside or "-", the SVI that the targets are
# behind or "-", then target addresses. Other VRFs may have the same subnet on another SVI.
# Prints a line for each probe: kind|device|source|target|exit status|output.
#
# A probe must not cure anything, or nobody could tell what was wrong: * no ARP request names the
# VIP as its sender, which would correct the VMs' entries of it; * an answer to a request out of the
# SVI would correct the switch's own neighbour entry, so targets are   asked out of the VRR device,
# whose neighbour table is not used, and without a sender; * a ping from the VIP is sent only to a
# neighbour whose MAC is known already, or where the kernel is   set (arp_announce=2) to ask with
# the SVI's own address.
set -f
per_vip=$1 total=$2 outside=$3 only=$4
shift 4

say() { # KIND DEVICE SOURCE TARGET STATUS WORDS...
    line="$1|$2|$3|$4|$5|"
    shift 5
    printf '%s\n' "$line$*"
}

within_vrf() { # SVI: sets vrf to the name of the VRF that the SVI is in
    vrf=
    [ -e "/sys/class/net/$1/master" ] || return 0
    [ -d "/sys/class/net/$1/master/bridge" ] && return 0
    vrf=$(readlink "/sys/class/net/$1/master")
    vrf=${vrf##*/}
}

number() { # FILE: the number in it, 0 where there is none
    value=0
    [ -r "$1" ] && read -r value <"$1"
    printf '%s' "$value"
}

asks_as_itself() { # SVI: does the kernel ask for neighbours with the SVI's own address?
    conf=/proc/sys/net/ipv4/conf
    [ "$(number "$conf/all/arp_announce")" = 2 ] || [ "$(number "$conf/$1/arp_announce")" = 2 ]
}

ping_from_vip() { # SVI VRR VIP TARGET KNOWN
    [ "$5" = known ] || asks_as_itself "$1" || return 0
    within_vrf "$1"
    # A session in another VRF (sshd in mgmt) hands its own down: the VIP is not there.
    into=$vrf
    [ -n "$into" ] || [ -z "$session" ] || into=default
    [ "$into" != "$session" ] || into=
    said=$(timeout 3 ${into:+ip vrf exec "$into"} ping -n -q -c 1 -W 1 -I "$3" "$4" 2>&1)
    status=$?
    # `ip vrf exec` needs cgroup2 and BPF. Bound to the VRF device, ping does the same.
    case $said in
    *transmitted*) ;;
    *)
        if [ -n "$vrf" ] && [ -n "$into" ]; then
            said=$(timeout 3 ping -n -q -c 1 -W 1 -I "$vrf" -I "$3" "$4" 2>&1)
            status=$?
        fi
        ;;
    esac
    # The shell has to fold these words onto one line.
    # shellcheck disable=SC2086
    say ping "$2" "$3" "$4" "$status" $said
}

who_has_vip() { # SVI VRR VIP OWN
    [ -n "$arping" ] || return 0
    if [ "$4" = - ]; then
        said=$(timeout -s INT 0.5 arping -D -c 3 -w 1 -I "$1" "$3" 2>&1)
    else
        said=$(timeout -s INT 0.5 arping -b -c 3 -w 1 -s "$4" -I "$1" "$3" 2>&1)
    fi
    # shellcheck disable=SC2086
    say duplicate "$2" "$4" "$3" $? $said
}

who_has_target() { # SVI VRR TARGET
    [ -n "$arping" ] || return 0
    for device in "$2" "$1"; do
        [ "$device" = - ] && continue
        said=$(timeout -s INT 0.7 arping -D -c 1 -w 1 -I "$device" "$3" 2>&1)
        status=$?
        case $said in
        *"not ARPable"* | *"is down"* | *"not available"* | *"uitable device"*) continue ;;
        esac
        # shellcheck disable=SC2086
        say arp "$device" - "$3" "$status" $said
        return
    done
}

ways() { # SVI VRR TARGET
    within_vrf "$1"
    # The word `vrf` came with iproute2 4.8; this has the same meaning.
    said=$(ip route get "$3" ${vrf:+oif "$vrf"} 2>&1)
    # shellcheck disable=SC2086
    say route-in "$1" - "$3" $? $said
    [ "$outside" = - ] && return
    device=$2
    [ "$device" = - ] && device=$1
    said=$(ip route get "$outside" from "$3" iif "$device" 2>&1)
    # shellcheck disable=SC2086
    say route-out "$device" "$3" "$outside" $? $said
}

session=$(ip vrf identify 2>/dev/null)
case $(arping -V 2>&1) in
*iputils*) arping=yes ;;
*) arping= ;;
esac

{
    ip -o link show type macvlan
    echo '=='
    ip -o -4 addr show
    echo '=='
    ip -4 neigh show
    echo '=='
    [ $# -eq 0 ] || printf '%s\n' "$@"
} 2>/dev/null | awk -v per_vip="$per_vip" -v total="$total" -v only="$only" '
    function number(text, part) {
        split(text, part, ".")
        return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
    }
    function inside(ip, net, bits) {
        return int(number(ip) / 2 ^ (32 - bits)) == int(number(net) / 2 ^ (32 - bits))
    }
    function usable(   i) {
        mac = state = ""
        for (i = 2; i < NF; i++) if ($i == "lladdr") mac = $(i + 1)
        for (i = 2; i < NF; i++) if ($i == "dev") device = $(i + 1)
        return mac != "" && $0 !~ /extern_learn|offload|FAILED|INCOMPLETE|proxy/
    }
    $0 == "==" { part++; next }
    part == 0 {
        name = $2
        sub(/:$/, "", name)
        if (split(name, pair, "@") == 2 && pair[1] ~ /-v[0-9]+$/) parent[pair[1]] = pair[2]
        next
    }
    part == 1 && $3 == "inet" {
        split($4, cidr, "/")
        if ($2 in parent) {
            vips++
            vrr[vips] = $2; svi[vips] = parent[$2]; vip[vips] = cidr[1]; bits[vips] = cidr[2]
        } else {
            owns++
            owner[owns] = $2; own[owns] = cidr[1]; width[owns] = cidr[2]
            if (!($2 in first)) first[$2] = cidr[1]
        }
        next
    }
    part == 2 {
        if (!usable()) next
        resolved[$1 " " device] = 1
        fresh = /REACHABLE|PERMANENT/ ? "fresh" : "old"
        for (i = 1; i <= vips; i++)
            if (svi[i] == device && count[i, fresh] < per_vip && inside($1, vip[i], bits[i]))
                sample[i, fresh, ++count[i, fresh]] = $1
        next
    }
    part == 3 { targets[++wanted] = $1 }
    END {
        for (i = 1; i <= vips && i <= total; i++)
            print "vip", svi[i], vrr[i], vip[i], (svi[i] in first ? first[svi[i]] : "-")
        for (round = 1; round <= per_vip; round++)
            for (i = 1; i <= vips; i++) {
                if (round <= count[i, "fresh"]) one = sample[i, "fresh", round]
                else if (round <= count[i, "fresh"] + count[i, "old"])
                    one = sample[i, "old", round - count[i, "fresh"]]
                else continue
                if (++pings <= total) print "ping", svi[i], vrr[i], vip[i], one, "known"
            }
        for (t = 1; t <= wanted; t++) {
            found = 0
            for (i = 1; i <= vips; i++) # the lowest number: -v0 has the gateway
                if ((only == "-" || svi[i] == only) && inside(targets[t], vip[i], bits[i]))
                    if (!found || vrr[i] < vrr[found]) found = i
            if (found) {
                known = (targets[t] " " svi[found]) in resolved ? "known" : "unknown"
                print "target", svi[found], vrr[found], vip[found], targets[t], known
            }
            for (i = 1; i <= owns && !found; i++)
                if ((only == "-" || owner[i] == only) && inside(targets[t], own[i], width[i])) {
                    found = 1
                    print "target", owner[i], "-", "-", targets[t], "unknown"
                }
        }
    }' | {
    while read -r kind svi vrr vip target known; do
        case $kind in
        vip) who_has_vip "$svi" "$vrr" "$vip" "$target" & ;;
        ping) ping_from_vip "$svi" "$vrr" "$vip" "$target" "$known" & ;;
        target)
            ways "$svi" "$vrr" "$target" &
            who_has_target "$svi" "$vrr" "$target" &
            [ "$vip" = - ] || ping_from_vip "$svi" "$vrr" "$vip" "$target" "$known" &
            ;;
        esac
    done
    wait
}
echo 'done'
