package whatsapp

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"tutela/format"
)

// cand is a line that begins like a message.
type cand struct {
	off    int64
	line   int32
	crlf   bool // the line before ended with CRLF, or this is the first line
	h      header
	embeds bool // other header-like lines stand inside the message
}

// maxFindings is how many findings of one code are kept one by one.
const maxFindings = 200

// reader carries one Read through its steps.
type reader struct {
	in       string
	names    []string
	lim      format.Limits
	members  *members
	cat      *catalogue
	shapes   []shape
	index    map[shape]int32
	cands    []cand // all header-like lines, then only the records
	orderOf  []decision
	known    map[string]bool // names that events mention
	lines    int
	crlfs    int // lines ended by CRLF
	loose    int // lines behind a CRLF that are not headers
	end      int64
	marked   bool // some body begins with a mark
	allLead  bool // every header is led by a mark
	findings []format.Finding
	found    map[string]int
	chat     Chat
}

func newReader(in []byte, names []string, lim format.Limits) *reader {
	r := &reader{names: names, lim: lim, index: map[shape]int32{}, found: map[string]int{}, known: map[string]bool{}, allLead: true}
	if int64(len(in)) > lim.Bytes {
		r.find("whatsapp.limit", "input cut at the size limit", lim.Bytes, int64(len(in))-lim.Bytes, 0)
		in = in[:lim.Bytes]
	}
	r.in = string(in)
	r.end = int64(len(in))
	r.members = newMembers(names)
	r.cat = phrases()
	return r
}

// find records a finding; more than maxFindings of one code are folded into the
// last one's count.
func (r *reader) find(code, detail string, off, length int64, line int) {
	if r.found[code]++; r.found[code] > maxFindings {
		for i := len(r.findings) - 1; i >= 0; i-- {
			if r.findings[i].Code == code {
				r.findings[i].Count = max(r.findings[i].Count, 1) + 1
				return
			}
		}
	}
	r.findings = append(r.findings, format.Finding{Code: code, Detail: detail,
		Place: format.Place{Offset: off, Length: length, Line: line}})
}

func (r *reader) count(code, detail string, first *Message, n int) {
	if n == 0 {
		return
	}
	f := format.Finding{Code: code, Detail: detail, Count: n}
	if first != nil {
		f.Place = format.Place{Offset: first.Offset, Length: first.Length, Line: first.Line}
	}
	r.findings = append(r.findings, f)
}

// scan finds every header-like line.
func (r *reader) scan() {
	at, afterCRLF := 0, true
	if len(r.in) >= 3 && r.in[:3] == "\ufeff" {
		at = 3
	}
	for at < len(r.in) {
		next := len(r.in)
		if n := indexLF(r.in[at:]); n >= 0 {
			next = at + n + 1
		}
		line := r.in[at:next]
		r.lines++
		h, f, ok := header{}, shape{}, false
		if mayBegin(line) {
			h, f, ok = parseHeader(firstBytes(line, 512))
		}
		if ok && len(r.cands) < r.lim.Items {
			h.shape = r.shapeIndex(f)
			r.cands = append(r.cands, cand{off: int64(at), line: int32(r.lines), crlf: afterCRLF, h: h})
		} else if ok {
			r.find("whatsapp.limit", "more records than the limit", int64(at), int64(len(r.in)-at), r.lines)
			r.end = int64(at)
			return
		} else if afterCRLF && r.lines > 1 {
			r.loose++
		}
		afterCRLF = len(line) > 1 && line[len(line)-2] == '\r' && line[len(line)-1] == '\n'
		if afterCRLF {
			r.crlfs++
		}
		at = next
	}
}

func indexLF(s string) int { return strings.IndexByte(s, '\n') }

// firstBytes cuts a line for the header parser, which needs no more.
func firstBytes(s string, n int) string {
	s = s[:len(s)-len(trailingEnd(s))]
	if len(s) > n {
		return s[:n]
	}
	return s
}

func trailingEnd(s string) string {
	switch n := len(s); {
	case n > 1 && s[n-2:] == "\r\n":
		return "\r\n"
	case n > 0 && s[n-1] == '\n':
		return "\n"
	}
	return ""
}

// mayBegin is a cheap test: a bracket, a digit or any rune beyond ASCII.
func mayBegin(line string) bool {
	c := line[0]
	return c == '[' || (c >= '0' && c <= '9') || (c >= utf8.RuneSelf && len(line) > 10)
}

func (r *reader) shapeIndex(f shape) int32 {
	if i, ok := r.index[f]; ok {
		return i
	}
	i := int32(len(r.shapes))
	r.shapes = append(r.shapes, f)
	r.index[f] = i
	return i
}

// split decides which header-like lines are records.
func (r *reader) split() {
	lock := r.lockShape()
	r.chat.Platform = Android
	if r.shapes[lock].bracket {
		r.chat.Platform = IOS
	}
	r.chat.Proof = r.provable()
	if r.chat.Platform == IOS && !r.chat.Proof {
		r.find("whatsapp.line-ends", "the file does not have the line ends of an iOS export; record ends are judged", 0, 0, 0)
	}
	all := r.cands
	kept := all[:0:0]
	last := map[int32]int{}
	for i := range all {
		last[all[i].h.shape] = i
	}
	rejected := map[int32]bool{}
	for i := range all {
		c := all[i]
		if r.accept(c, i, &lock, last, rejected) {
			kept = append(kept, c)
			continue
		}
		rejected[c.h.shape] = true
		if len(kept) > 0 {
			kept[len(kept)-1].embeds = true
		}
		why := "another header form"
		if r.chat.Proof {
			why = "proven by line ends"
		}
		r.find("whatsapp.embedded-header", "a line that imitates a message is text of the message before it ("+why+")", c.off, 0, int(c.line))
	}
	r.cands = kept
	if len(kept) > 0 && kept[0].off > 0 && !(kept[0].off == 3 && r.in[:3] == "\ufeff") {
		r.find("whatsapp.preamble", "text before the first message", 0, kept[0].off, 1)
	}
	if r.chat.Proof && r.loose > 0 {
		r.find("whatsapp.crlf-inside", fmt.Sprintf("%d lines behind a CRLF are not messages", r.loose), 0, 0, 0)
	}
}

// lockShape returns the form of the first line if it is a header, else the most
// frequent form.
func (r *reader) lockShape() int32 {
	if r.cands[0].line == 1 {
		return r.cands[0].h.shape
	}
	counts := make([]int, len(r.shapes))
	best := r.cands[0].h.shape
	for i := range r.cands {
		s := r.cands[i].h.shape
		if counts[s]++; counts[s] > counts[best] {
			best = s
		}
	}
	return best
}

// provable reports whether CRLF marks the ends of records: bracketed headers,
// and every CRLF, or at least most, stand before a header.
func (r *reader) provable() bool {
	if r.chat.Platform != IOS || r.crlfs == 0 {
		return false
	}
	behind := 0
	for i := range r.cands {
		if r.cands[i].crlf && i > 0 {
			behind++
		}
	}
	return r.loose == 0 || behind > 4*r.loose
}

// accept decides about one header-like line. Without proof, another form is
// taken for a change of the telephone's settings only if it is of the same
// family, was not refused before and the old form never comes back.
func (r *reader) accept(c cand, i int, lock *int32, last map[int32]int, rejected map[int32]bool) bool {
	now, then := r.shapes[c.h.shape], r.shapes[*lock]
	if r.chat.Proof {
		if !c.crlf || !now.bracket {
			return false
		}
	} else if c.h.shape != *lock {
		family := now.bracket == then.bracket && now.end == then.end && now.seconds == then.seconds
		if !family || rejected[c.h.shape] || last[*lock] > i {
			return false
		}
	}
	if c.h.shape != *lock {
		if last[*lock] < i {
			r.find("whatsapp.shape-change", "the header form changes here", c.off, 0, int(c.line))
		}
		*lock = c.h.shape
	}
	return true
}

// record returns the bytes of record i, and whether they are the last.
func (r *reader) record(i int) string {
	end := r.end
	if i+1 < len(r.cands) {
		end = r.cands[i+1].off
	}
	return r.in[r.cands[i].off:end]
}

// body returns the body of record i without its line end.
func (r *reader) body(i int) string {
	rec := r.record(i)
	body := rec[min(int(r.cands[i].h.body), len(rec)):]
	return body[:len(body)-len(trailingEnd(body))]
}

// crlfToLF makes plain line breaks of a file whose line ends were converted.
func crlfToLF(s string) string {
	if indexLF(s) < 0 {
		return s
	}
	return strings.ReplaceAll(s, "\r\n", "\n")
}
