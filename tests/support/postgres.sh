#!/bin/sh
# postgres.sh FOLDER [-c name=value ...]: a PostgreSQL server of the tests' own, with its data, its socket and its
# log in FOLDER and no port. Says "ready", and stops when its standard input ends, however its parent did.
# Ends with 77 where PostgreSQL is not installed. HOIST_POSTGRES_BIN names another version's programs.
set -eu
folder=$1
shift
bin=${HOIST_POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}
[ -x "$bin/initdb" ] || {
  echo "PostgreSQL is not installed"
  exit 77
}

# It refuses to run as root.
as_other=""
if [ "$(id -u)" -eq 0 ]; then
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  as_other="setpriv --reuid=$user --regid=$(id -gn "$user") --clear-groups"
  chown "$user" "$folder"
fi

cd "$folder"
[ -e data/PG_VERSION ] ||
  $as_other "$bin/initdb" -D data -U admin --auth=trust -E UTF8 --lc-collate=C --lc-ctype=C.UTF-8 --no-sync >initdb.log
$as_other "$bin/postgres" -D data -k "$folder" -c listen_addresses= -c max_connections=200 "$@" >>postgres.log 2>&1 &
server=$!
trap 'kill -INT $server 2>/dev/null; wait $server' EXIT
while ! [ -S .s.PGSQL.5432 ] || ! grep -q "ready to accept connections" postgres.log; do
  kill -0 $server 2>/dev/null || {
    cat postgres.log
    exit 1
  }
  sleep 0.05
done
echo ready
cat >/dev/null
