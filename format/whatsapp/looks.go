package whatsapp

import (
	"path"
	"regexp"
	"strings"
)

// chatName matches the names that exports have, in the languages seen.
var chatName = regexp.MustCompile(`(?i)^_chat\.txt$|whats ?_?app.*\.txt$`)

// Looks reports whether a file that begins with head is an exported chat: its
// first line is a message, or several of the first lines are. Forms that log
// files use too (year first with hyphens) count only with a chat's name or the
// app's encryption notice.
func Looks(head []byte, name string) bool {
	named := chatName.MatchString(path.Base(strings.ReplaceAll(name, `\`, "/")))
	text := strings.TrimPrefix(string(head), "\ufeff")
	found, lines := 0, 0
	for line := range strings.Lines(text) {
		if lines++; lines > 200 {
			break
		}
		if !mayBegin(line) {
			continue
		}
		line = firstBytes(line, 512)
		h, f, ok := parseHeader(line)
		if !ok {
			continue
		}
		body := line[h.body:]
		_, notice := phrases().notice(strings.TrimLeftFunc(body, isMark))
		logLike := f.sep == "-" && f.yearPos == 0 && f.clock == 0 || f.end == " "
		if notice || (!logLike || named) && (lines == 1 || named || firstName(body) != "") {
			found++
		}
		if notice || found > 0 && (lines == 1 || named || found > 1) {
			return true
		}
	}
	return false
}
