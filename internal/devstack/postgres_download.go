package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// downloadable are the versions offered, the preferred first.
var downloadable = []struct {
	major   string
	version embedded.PostgresVersion
}{
	{"17", embedded.V17}, {"18", embedded.V18}, {"16", embedded.V16}, {"15", embedded.V15}, {"14", embedded.V14},
}

// downloadPostgres fetches server binaries once into the cache. One process does it, others wait.
func downloadPostgres(ctx context.Context, as *identity, major string, progress func(string)) (postgresBin, error) {
	for _, d := range downloadable {
		if major != "" && d.major != major {
			continue
		}
		root, err := postgresCache(as)
		if err != nil {
			return postgresBin{}, err
		}
		held, err := lock(ctx, filepath.Join(root, "download.lock"), func() {
			progress("waiting for another process that downloads PostgreSQL")
		})
		if err != nil {
			return postgresBin{}, err
		}
		bin, err := fetchPostgres(ctx, root, d.version, progress)
		return bin, errors.Join(err, held.Unlock())
	}
	return postgresBin{}, fmt.Errorf("no PostgreSQL %s to download", major)
}

// postgresCache is where the server's user can read it: root's own cache is closed to others.
func postgresCache(as *identity) (string, error) {
	dir := filepath.Join(cacheDir(), "postgres")
	if as != nil {
		dir = "/var/cache/shiming/postgres"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	return dir, nil
}

// fetchPostgres uses the library for its download and checksum only. The library can do no less than start a server,
// and as root fails at that; what counts is whether the programs are there afterwards.
func fetchPostgres(ctx context.Context, root string, version embedded.PostgresVersion, progress func(string)) (postgresBin, error) {
	target := filepath.Join(root, string(version))
	if bin, err := inspectPostgres(ctx, filepath.Join(target, "bin")); err == nil {
		return bin, nil
	}
	progress(fmt.Sprintf("downloading PostgreSQL %s, once", version))
	port, err := choosePort(0, postgresName)
	if err != nil {
		return postgresBin{}, err
	}
	scratch, err := os.MkdirTemp(root, "scratch-")
	if err != nil {
		return postgresBin{}, fmt.Errorf("cache folder: %w", err)
	}
	server := embedded.NewDatabase(embedded.DefaultConfig().Version(version).Port(uint32(port)).
		CachePath(root).BinariesPath(target).RuntimePath(filepath.Join(scratch, "run")).Logger(io.Discard))
	fetched := make(chan error, 1)
	go func() {
		err := server.Start()
		if err == nil {
			err = server.Stop()
		}
		fetched <- errors.Join(err, os.RemoveAll(scratch))
	}()
	select {
	case err = <-fetched:
	case <-ctx.Done():
		return postgresBin{}, ctx.Err()
	}
	bin, inspectErr := inspectPostgres(ctx, filepath.Join(target, "bin"))
	if inspectErr != nil {
		return postgresBin{}, errors.Join(err, inspectErr)
	}
	return bin, nil
}
