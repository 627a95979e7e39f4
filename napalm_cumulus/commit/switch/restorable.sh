# Nothing is taken away that could not be given back. Before a toggle or a repair the switch's own
# parser reads the stanzas concerned, and the result is tried on a device of an empty network
# namespace: what the kernel refuses there it would also refuse in a rollback.

given_words() { # from `ifquery` on stdin: "address|mac IFACE DEVICE VALUE" of what the stanzas give
    awk '
        # ifquery prints the masks after all addresses, and none for an address without one. So they
        # belong to the addresses without a length, or else to the last ones.
        function end(  i, bare, next_mask) {
            for (i = 1; i <= own; i++) bare += mine[i] !~ "/"
            for (i = 1; i <= own; i++) {
                if (bare == masks) next_mask += mine[i] !~ "/"
                else next_mask = i - own + masks
                print "address", iface, iface, mine[i] (mine[i] ~ "/" || !(next_mask in mask) ? "" : "/" mask[next_mask])
            }
            own = masks = 0
            split("", mask)
        }
        $1 == "iface" { end(); if ($2 != iface) number = 0; iface = $2 }
        $1 == "netmask" { mask[++masks] = $2 }
        $1 == "address" { $1 = ""; sub(/^ /, ""); mine[++own] = $0 }
        $1 == "address-virtual" {
            device = substr(iface, 1, 13)
            gsub(/\./, "-", device)
            device = device "-v" number++
            if ($2 != "none") print "mac", iface, device, $2
            for (i = 3; i <= NF; i++) print "address", iface, device, $i
        }
        END { end() }'
}

try_out() { # FILE of given words, in an empty network namespace: "+ DEVICE WHAT" in the kernel's form,
# "! IFACE VALUE WHY" where it refuses
    {
        ip link add name vk-try type bridge || ip link add name vk-try type dummy ||
            ip link add name vk-try type veth peer name vk-peer || exit 71
        # Where new devices have no IPv6, nothing is known about IPv6 addresses.
        ip addr replace 2001:db8::1/64 dev vk-try && six=yes || six=
    } 2>/dev/null
    while read -r kind iface device value; do
        case $kind in
        mac)
            case $value in # ip ignores characters at the end that are not digits
            *[!0-9a-fA-F:]*) set -- link set dev vk-try address "'$value'" ;;
            *) set -- link set dev vk-try address "$value" ;;
            esac
            ;;
        *)
            ip addr flush dev vk-try 2>/dev/null
            set -- addr replace "$value" dev vk-try
            ;;
        esac
        had=
        if why=$(ip "$@" 2>&1); then
            had=$(ip -o "${1}" show dev vk-try | awk -v kind="$kind" '
                kind == "address" && $3 ~ /^inet/ { print $4; exit }
                kind == "mac" { for (i = 1; i < NF; i++) if ($i == "link/ether") print $(i + 1) }')
        else
            case $six$value in
            *:*/*) [ -n "$six" ] || why= ;;
            esac
            [ -z "$why" ] || printf '! %s %s %s\n' "$iface" "$value" "$(printf %s "${why%.}" | tr '\n' ' ')"
        fi
        printf '+ %s %s\n+ %s UP\n' "$device" "${had:-$value}" "$device"
    done <"$1"
}

plainly_wrong() { # given words on stdin, where nothing can be tried: the same from the text alone
    awk '
        function mac(text,  n, i, part) {
            n = split(text, part, ":")
            for (i = 1; i <= n; i++) if (part[i] !~ /^[0-9a-fA-F][0-9a-fA-F]?$/) return "not hexadecimal"
            if (n != 6) return "not six numbers with colons"
            return part[1] ~ /[13579bdfBDF]$/ ? "a multicast address" : ""
        }
        function written(kind, text,  n, i, part, all) { # a MAC, or a mask, as the kernel writes it
            text = tolower(text)
            if (kind != "mac") {
                if (split(text, part, "/") != 2 || split(part[2], mask, ".") != 4) return text
                for (i = 1; i <= 4; i++) for (n = mask[i]; n > 0; n = int(n / 2)) all += n % 2
                return part[1] "/" all
            }
            n = split(text, part, ":")
            for (i = 1; i <= n; i++) all = all (i > 1 ? ":" : "") (length(part[i]) < 2 ? "0" : "") part[i]
            return all
        }
        function address(text,  n, i, part) {
            if (text ~ /:/) return text ~ /^[0-9a-fA-F:.]+(\/[0-9]+)?$/ ? "" : "not an IPv6 address"
            if (text !~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(\/[0-9.]+)?$/) return "not an IPv4 address"
            n = split(text, part, /[.\/]/)
            for (i = 1; i <= 4; i++) if (part[i] > 255) return "not an IPv4 address"
            return n == 5 && part[5] > 32 ? "a prefix longer than an address" : ""
        }
        {
            why = NF != 4 ? "not one word" : $1 == "mac" ? mac($4) : address($4)
            if (why != "") print "!", $2, $4, why
            print "+", $3, written($1, $4) "\n+", $3, "UP"
        }'
}

never_given() { # IFACE: addresses that it has and that no line of its stanza gives. On its VRR devices all
# of them; on itself only those that are in the files (misspelt, commented out). Others were added by
# hand, and the client puts them back.
    base=$(printf %.13s "$1" | tr . -)
    cut -d ' ' -f 3- <"$T/manifest" | while read -r path; do cat "$path"; done |
        grep -vE '^[[:space:]]*(pre-|post-)?(up|down)[[:space:]]' >"$T/mentioned"
    grep -E '^[[:space:]]*(pre-|post-)?up[[:space:]]' "$T/stanzas" >"$T/commands"
    list_addresses | awk -v base="$base-v" -v iface="$1" -v given="$T/given" \
        -v mentioned="$T/mentioned" -v commands="$T/commands" '
        function words_of(file, set,  n, i, word) {
            while ((getline line <file) > 0) {
                n = split(line, word, /[^0-9a-fA-F.:]+/)
                for (i = 1; i <= n; i++) set[word[i]] = 1
            }
        }
        BEGIN {
            words_of(mentioned, text)
            words_of(commands, ip)
            while ((getline line <given) > 0) {
                split(line, part, " ")
                if (part[1] == "+") { device[part[2]] = 1; sub(/\/.*/, "", part[3]); ip[part[3]] = 1 }
            }
        }
        {
            sub(/@.*/, "", $2)
            bare = $4
            sub(/\/.*/, "", bare)
            if ($3 !~ /^inet6?$/ || bare in ip || / dynamic | scope (link|host) /) next
            if (index($2, base) == 1 && ($3 == "inet" || !($2 in device))) print $2, $4
            if ($2 == iface && bare in text) print $2, $4
        }'
}

bare_addresses() { # given words on stdin: those without prefix length in the file that have one now
    awk '$1 == "address" && $4 !~ "/" { print $2, $3, $4 }' | while read -r iface device value; do
        list_addresses | awk -v ip="$value/" -v iface="$iface" -v device="$device" '
            $2 == device && index($4, ip) == 1 && $4 !~ /\/(32|128)$/ { print iface, substr(ip, 1, length(ip) - 1) }'
    done
}

place_of() { # IFACE WORD: its file and line in the stanza; without WORD, those of the stanza
    set -- "$1" "${2-}" "$NETWORK/interfaces"
    while read -r _ path; do
        [ "$path" = "$3" ] || set -- "$@" "$path"
    done <"$T/manifest"
    iface=$1 word=$2
    shift 2
    awk -v iface="$iface" -v word="$word" '
        $1 ~ /^(iface|auto|source|source-directory|mapping)$/ || $1 ~ /^allow-/ { inside = 0 }
        $1 == "iface" && $2 == iface { inside = 1; if (stanza == "") stanza = FILENAME " line " FNR }
        inside && word != "" && $1 !~ /^#/ && index($0, word) { print FILENAME " line " FNR; found = 1; exit }
        END { if (!found) print stanza == "" ? "/etc/network/interfaces" : stanza }' "$@" 2>/dev/null
}

refuse_unrestorable() { # before a toggle or a repair: it must be possible to give back what it takes
    [ "$(value "$T/hold")" != pending ] && [ -n "$INTERFACES" ] || return 0
    # shellcheck disable=SC2086 # names are checked by the client
    within 60 ifquery $INTERFACES >"$T/stanzas" 2>"$T/complaints" </dev/null
    given_words <"$T/stanzas" >"$T/words"
    within 60 unshare -n sh "$T/transaction.sh" try-out "$T/words" >"$T/given" 2>>"$T/log" ||
        plainly_wrong <"$T/words" >"$T/given"
    for iface in $INTERFACES; do
        grep -qE "^(iface|vlan) +$iface( |\$)" "$T/stanzas" ||
            unrestorable "$iface" "" "ifquery finds no stanza of $iface: $(tail -n 1 "$T/complaints")"
        why=$(grep -E "iface $iface:|^(error|warning): $iface:" "$T/complaints" | head -n 1)
        [ -z "$why" ] || unrestorable "$iface" "" "ifquery says: $why"
        left=$(never_given "$iface" | head -n 1)
        [ -z "$left" ] || unrestorable "$iface" "" \
            "${left%% *} has ${left#* }, which no line of the stanza of $iface gives it"
    done
    while read -r sign iface value why; do
        [ "$sign" != ! ] || unrestorable "$iface" "$value" "$iface cannot get $value: ${why:-refused}"
    done <"$T/given"
    bare_addresses <"$T/words" | while read -r iface value; do
        unrestorable "$iface" "$value" "$value has no prefix length, and has one in the kernel"
    done || exit
}

unrestorable() { # IFACE WORD WHY
    die "$E_STAGING" "$(place_of "$1" "$2"): what would be taken away could not be given back:" \
        "$3. Correct the file first."
}
