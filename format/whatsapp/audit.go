package whatsapp

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The numbers at which an export is known to be cut, oldest messages first, as
// quoted by the app's help pages.
const (
	capText  = 40_000
	capMedia = 10_000
)

// longestDip is how many records in a row may run behind an earlier one and
// still be taken for lines typed into a message.
const longestDip = 20

// audit looks at the chat as a whole.
func (r *reader) audit() {
	r.title()
	r.backwards()
	r.files()
	r.counters()
	with, n := 0, len(r.chat.Messages)
	for i := range r.chat.Messages {
		if r.chat.Messages[i].Attachment != nil {
			with++
		}
	}
	limit := capText
	if with > 0 {
		limit = capMedia
	}
	if n >= limit-limit/100 && n <= limit+limit/100 {
		r.find("whatsapp.export-cap", fmt.Sprintf("%d messages: the export may have been cut at %d", n, limit), 0, 0, 0)
	}
	if c := r.chat.Exporter; c != "" {
		for i := range r.chat.Messages {
			m := &r.chat.Messages[i]
			m.Own = m.Own || m.Author == c
		}
	}
}

// title takes the group's name from its creation or change, or from the prefix
// of the first notice on iOS.
func (r *reader) title() {
	for i := range r.chat.Messages {
		m := &r.chat.Messages[i]
		if e := m.Event; e != nil {
			switch {
			case (e.Verb == Created || e.Verb == SubjectChanged) && e.To != "":
				r.chat.Title = e.To
			case e.Verb == Encryption && m.Prefix != "" && r.chat.Title == "":
				r.chat.Title = m.Prefix
			}
		}
	}
}

// backwards reports times that run back; a short dip within a day, where line
// ends prove nothing, may be lines typed into a message.
func (r *reader) backwards() {
	msgs := r.chat.Messages
	steps := 0
	var first *Message
	var ambiguous tally
	for i := 1; i < len(msgs); i++ {
		if msgs[i].Time.Wall >= msgs[i-1].Time.Wall || msgs[i].Time.Wall == "" {
			continue
		}
		if steps++; first == nil {
			first = &msgs[i]
		}
		if r.chat.Proof {
			continue
		}
		end := i
		for end < len(msgs) && end-i <= longestDip && msgs[end].Time.Wall < msgs[i-1].Time.Wall {
			end++
		}
		if end >= len(msgs) || end-i > longestDip || !within(msgs[i].Time.Wall, msgs[i-1].Time.Wall, 24*time.Hour) {
			continue
		}
		for k := i; k < end; k++ {
			if !msgs[k].Has(AmbiguousHeader) {
				msgs[k].Flags = append(msgs[k].Flags, AmbiguousHeader)
				ambiguous.add(&msgs[k], AmbiguousHeader)
			}
		}
	}
	r.count("whatsapp.backwards", "steps backwards in time; genuine exports have them too", first, steps)
	r.count("whatsapp.ambiguous-header", "may be text of the message before it", ambiguous.first, ambiguous.n)
}

// within reports whether two wall times lie at most d apart.
func within(a, b string, d time.Duration) bool {
	const minute = "2006-01-02T15:04"
	if len(a) < len(minute) || len(b) < len(minute) {
		return false
	}
	x, err1 := time.Parse(minute, a[:len(minute)])
	y, err2 := time.Parse(minute, b[:len(minute)])
	return err1 == nil && err2 == nil && y.Sub(x).Abs() <= d
}

// files compares the named attachments with the container.
func (r *reader) files() {
	if !r.members.known {
		return
	}
	seen := map[string]bool{}
	for i := range r.chat.Messages {
		m := &r.chat.Messages[i]
		if a := m.Attachment; a != nil && !a.Present && !seen[a.Name] {
			seen[a.Name] = true
			r.chat.Missing = append(r.chat.Missing, a.Name)
			r.find("whatsapp.attachment-missing", a.Name, m.Offset, m.Length, m.Line)
		}
	}
	for _, n := range r.names {
		if !r.members.used[n] && !strings.HasSuffix(n, "/") {
			r.chat.Surplus = append(r.chat.Surplus, n)
			r.find("whatsapp.attachment-surplus", path.Base(n), 0, 0, 0)
		}
	}
}

// counter matches the running number in an iOS attachment name.
var counter = regexp.MustCompile(`^(\d{8})-`)

// counters looks at the running numbers that iOS gives: they count records, so
// a step larger than the records between two of them hints at records that the
// export lacks.
func (r *reader) counters() {
	lastN, lastI := -1, 0
	lacking, back := 0, 0
	var firstGap, firstBack *Message
	for i := range r.chat.Messages {
		m := &r.chat.Messages[i]
		if m.Attachment == nil {
			continue
		}
		g := counter.FindStringSubmatch(m.Attachment.Name)
		if g == nil {
			continue
		}
		n, _ := strconv.Atoi(g[1]) // eight digits always fit
		switch step := n - lastN; {
		case lastN < 0:
		case step <= 0:
			if back++; firstBack == nil {
				firstBack = m
			}
		case step > i-lastI:
			lacking += step - (i - lastI)
			if firstGap == nil {
				firstGap = m
			}
		}
		lastN, lastI = n, i
	}
	r.count("whatsapp.counter-gap", "records that the running numbers of attachments count and the export lacks (a hint, not proof)", firstGap, lacking)
	r.count("whatsapp.counter-back", "running numbers of attachments that do not rise", firstBack, back)
}
