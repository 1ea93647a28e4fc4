package demo

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Scale is the size of the operation.
type Scale struct {
	Groups, Members, Messages, Pictures, FolderFiles int
}

// Scales returns the named sizes.
func Scales() map[string]Scale {
	return map[string]Scale{
		"small": {Groups: 4, Members: 44, Messages: 400, Pictures: 60, FolderFiles: 40},
		"full":  {Groups: 96, Members: 135, Messages: 20_000, Pictures: 2_000, FolderFiles: 3_000},
	}
}

// Plan says what was written where, and what a correct run finds in it.
type Plan struct {
	Dir       string   // everything below is inside
	Exports   []string // zip files of chat groups
	Protected string   // the export of the witness whose own data it is
	Mail      string   // the tip
	Folder    string   // the seized folder
	List      string   // CSV hash list of known items
	Countries []string // ISO codes of the members who post
	Bystander Member   // was added, never posted
	Minor     Member   // says in a message that she is 15
	Witness   Member   // exporter of Protected
	Known     int      // files whose digest or PDQ is on the list, at least
	Messages  int      // messages with an author in all exports
}

// Generate writes the operation of a scale into dir, which must not exist or be
// empty. The same scale and seed give the same bytes.
func Generate(dir string, s Scale, seed uint64) (Plan, error) {
	p := Plan{Dir: dir, Folder: filepath.Join(dir, "seized-pc")}
	w := &world{r: rand.New(rand.NewPCG(seed, 20191015)), scale: s, plan: &p}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return p, fmt.Errorf("demo: %s is not empty", dir)
	}
	w.cast()
	w.pictures()
	for i := range s.Groups {
		w.group(i)
	}
	w.tip()
	w.seizedFolder()
	w.list()
	return p, w.end()
}
