package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// postgresBin is a folder with PostgreSQL's server programs.
type postgresBin struct {
	dir   string
	major int
}

func (b postgresBin) tool(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(b.dir, name)
}

// findPostgres returns installed server binaries, else downloads some. major, if not empty, is the version that a data
// folder demands.
func findPostgres(ctx context.Context, as *identity, major string, progress func(string)) (postgresBin, error) {
	installed := installedPostgres(ctx, filepath.SplitList(os.Getenv("PATH")), "/usr/lib/postgresql/*/bin")
	if bin, ok := pickPostgres(installed, major); ok {
		return bin, nil
	}
	if err := ctx.Err(); err != nil { // nothing could be looked at
		return postgresBin{}, err
	}
	bin, err := downloadPostgres(ctx, as, major, progress)
	if err != nil && major != "" {
		return postgresBin{}, fmt.Errorf("the data folder was made by PostgreSQL %s; installed: %s: install version %s or use another folder (%w)",
			major, versionsOf(installed), major, err)
	}
	if err != nil {
		return postgresBin{}, fmt.Errorf("no PostgreSQL server on PATH or in /usr/lib/postgresql, and none could be downloaded: set DATABASE_URL or install one: %w", err)
	}
	return bin, nil
}

// pickPostgres takes the first that fits.
func pickPostgres(found []postgresBin, major string) (postgresBin, bool) {
	for _, b := range found {
		if major == "" || strconv.Itoa(b.major) == major {
			return b, true
		}
	}
	return postgresBin{}, false
}

func versionsOf(found []postgresBin) string {
	if len(found) == 0 {
		return "none"
	}
	var versions []string
	for _, b := range found {
		versions = append(versions, strconv.Itoa(b.major))
	}
	return strings.Join(versions, ", ")
}

// installedPostgres lists what PATH holds, in its order, then what pattern matches, newest first.
func installedPostgres(ctx context.Context, path []string, pattern string) []postgresBin {
	var found []postgresBin
	for _, dir := range path {
		if !filepath.IsAbs(dir) {
			continue
		}
		if b, err := inspectPostgres(ctx, dir); err == nil {
			found = append(found, b)
		}
	}
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return found
	}
	var packaged []postgresBin
	for _, dir := range dirs {
		if b, err := inspectPostgres(ctx, dir); err == nil {
			packaged = append(packaged, b)
		}
	}
	slices.SortFunc(packaged, func(a, b postgresBin) int { return b.major - a.major })
	return append(found, packaged...)
}

var postgresVersion = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// inspectPostgres wants both programs in one folder: a lone `postgres` is a link or a client's wrapper, and finds
// neither its libraries nor its templates.
func inspectPostgres(ctx context.Context, dir string) (postgresBin, error) {
	b := postgresBin{dir: dir}
	for _, tool := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(b.tool(tool)); err != nil {
			return postgresBin{}, err
		}
	}
	cmd := exec.CommandContext(ctx, b.tool("postgres"), "--version")
	cmd.Env = postgresEnv()
	out, err := cmd.Output()
	if err != nil {
		return postgresBin{}, fmt.Errorf("ask %s for its version: %w", b.tool("postgres"), err)
	}
	m := postgresVersion.FindSubmatch(out)
	if m == nil {
		return postgresBin{}, errors.New("not PostgreSQL: " + strings.TrimSpace(string(out)))
	}
	b.major, err = strconv.Atoi(string(m[1]))
	return b, err
}
