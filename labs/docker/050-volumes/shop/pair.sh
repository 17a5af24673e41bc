# A program whose two files belong together: the same number in both, always "first" before "last".
trap 'ended=yes' TERM # finish the pair, then end
n=0
while [ -z "$ended" ] && n=$((n + 1)); do
    printf '%06d\n' $n 1<> /srv/first
    printf '%06d\n' $n 1<> /srv/last
    sleep 0.001
done
