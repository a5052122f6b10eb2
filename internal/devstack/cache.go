package devstack

import (
	"fmt"
	"os"
	"path/filepath"
)

// cacheDir is where downloads and builds are kept for the next start.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil { // no home: an account for services
		return filepath.Join(os.TempDir(), fmt.Sprintf("shiming-cache-%d", os.Getuid()))
	}
	return filepath.Join(dir, "shiming")
}
