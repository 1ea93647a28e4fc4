package media_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"tutela/casework/media"
)

// TestLossOfEveryCode reads the codes out of the readers' source: each must be
// judged, and not by the rule for codes that nobody has judged.
func TestLossOfEveryCode(t *testing.T) {
	code := regexp.MustCompile(`(?:[a-z]+\(|Code: |= +|return |Failed, )"((?:archive|zip|tar|gzip|mail|mbox|whatsapp|picture|type|read|link|content|stage|fingerprint)\.[a-z-]+)"`)
	unclear := map[string]bool{}
	for _, c := range strings.Fields(`whatsapp.unknown-phrase whatsapp.not-a-chat whatsapp.ambiguous-header whatsapp.date-order-conflict
		whatsapp.date-order-undecidable whatsapp.preamble mbox.preamble mail.header mail.empty read.nothing`) {
		unclear[c] = true
	}
	seen := map[string]bool{}
	root := os.DirFS("../..")
	for _, dir := range []string{"format", "pipeline"} {
		err := fs.WalkDir(root, dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(root, path)
			for _, m := range code.FindAllStringSubmatch(string(text), -1) {
				if m[1] == "tar.gz" {
					continue
				}
				seen[m[1]] = true
				if media.LossOf(m[1]) == media.Unclear && !unclear[m[1]] {
					t.Errorf("%s: nobody has judged %s", path, m[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) < 50 {
		t.Errorf("%d codes were found", len(seen))
	}
	for c := range unclear {
		if !seen[c] {
			t.Errorf("no reader says %s any more", c)
		}
	}
}

func TestLossOf(t *testing.T) {
	for code, want := range map[string]media.Loss{
		"picture.truncated": media.Ends, "zip.directory": media.Salvaged, "zip.encrypted": media.Locked, "archive.ratio": media.Limit,
		"archive.link": media.NoLoss, "archive.new-sort-of-damage": media.Unclear, "": media.Unclear, "fingerprint.timeout": media.Crashed,
		"picture.animated": media.Part, "read.scope": media.Scope, "type.mismatch": media.NoLoss, "content.corrupt": media.Broken,
	} {
		if got := media.LossOf(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
	for l, want := range map[media.Loss]bool{media.NoLoss: false, media.Part: false, media.Scope: false, media.Ends: true, media.Unclear: true} {
		if l.Failed() != want {
			t.Errorf("%q fails: %v", l, !want)
		}
	}
}
