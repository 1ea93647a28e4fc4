package whatsapp

import (
	"fmt"
	"regexp"
	"strings"

	"tutela/format/when"
)

// decision is the reading of one header form of one file.
type decision struct {
	order  Order // how dates are read
	other  Order // the other possible order, "" when decided
	basis  string
	proven bool
	seen   bool
	wideD  bool
	wideH  bool
}

// orders decides the order of day and month for each form of the file, from all
// of its headers.
func (r *reader) orders() {
	r.orderOf = make([]decision, len(r.shapes))
	groups := make([][]int, len(r.shapes))
	for i := range r.cands {
		s := r.cands[i].h.shape
		groups[s] = append(groups[s], i)
	}
	for s, g := range groups {
		if len(g) > 0 {
			r.orderOf[s] = r.decide(s, g)
		}
	}
	r.describe(groups)
}

// decide reads the headers of one form.
func (r *reader) decide(s int, group []int) decision {
	pair := possible(r.shapes[s].yearPos)
	d := decision{seen: true, wideD: true, wideH: true, order: pair[0]}
	votes := [2]int{}
	lines := [2]int{}
	for _, i := range group {
		h := &r.cands[i].h
		d.wideH = d.wideH && h.hourW == 2
		for k, w := range h.width {
			d.wideD = d.wideD && (k == int(r.shapes[s].yearPos) || w == 2)
		}
		_, ok0 := h.date(pair[0])
		_, ok1 := h.date(pair[1])
		for k, only := range [2]bool{ok0 && !ok1, ok1 && !ok0} {
			if only {
				if votes[k]++; lines[k] == 0 {
					lines[k] = int(r.cands[i].line)
				}
			}
		}
	}
	switch {
	case votes[0] > 0 && votes[1] > 0:
		k := 0
		if votes[1] > votes[0] {
			k = 1
		}
		d.order, d.other = pair[k], pair[1-k]
		d.basis = fmt.Sprintf("file: contradiction, %d lines for %s and %d for %s", votes[0], pair[0], votes[1], pair[1])
		r.find("whatsapp.date-order-conflict", d.basis, 0, 0, lines[1-k])
	case votes[0] > 0 || votes[1] > 0:
		k := 0
		if votes[1] > 0 {
			k = 1
		}
		d.order, d.proven = pair[k], true
		d.basis = fmt.Sprintf("file: a number above 12 at line %d", lines[k])
	case r.shapes[s].yearPos == 0:
		d.order, d.proven, d.basis = YMD, false, "form: year first"
	default:
		r.infer(&d, pair, group)
	}
	return d
}

// dateInName finds a date in the name of an attachment.
var dateInName = regexp.MustCompile(`(?:(20\d\d)-(\d\d)-(\d\d)-\d\d-\d\d-\d\d|-(20\d\d)(\d\d)(\d\d)-WA\d+)\.`)

// infer decides by the dates in attachment names, then by rising time, or not
// at all.
func (r *reader) infer(d *decision, pair []Order, group []int) {
	var named, back [2]int
	var before [2]string
	for _, i := range group {
		h := &r.cands[i].h
		m := r.nameDate(i)
		for k := range pair {
			w := h.wall(pair[k])
			if w < before[k] {
				back[k]++
			}
			before[k] = w
			if m != "" && strings.HasPrefix(w, m) {
				named[k]++
			}
		}
	}
	for k := range pair {
		if named[k] > 0 && named[1-k] == 0 {
			d.order, d.basis = pair[k], "file: dates in attachment names (inferred)"
			r.find("whatsapp.date-order-inferred", d.basis, 0, 0, 0)
			return
		}
	}
	for k := range pair {
		if len(group) >= 4 && back[1-k] > 4*back[k] {
			d.order, d.basis = pair[k], fmt.Sprintf("file: %d steps backwards in time, %d in the other order (inferred)", back[k], back[1-k])
			r.find("whatsapp.date-order-inferred", d.basis, 0, 0, 0)
			return
		}
	}
	if back[1] > 0 && back[0] == 0 && len(group) >= 3 || back[0] > 0 && back[1] == 0 && len(group) >= 3 {
		k := 0
		if back[0] > 0 {
			k = 1
		}
		d.order, d.basis = pair[k], "file: only this order gives rising times (inferred)"
		r.find("whatsapp.date-order-inferred", d.basis, 0, 0, 0)
		return
	}
	d.order, d.other, d.basis = pair[0], pair[1], "date order undecidable: no number above 12"
	r.find("whatsapp.date-order-undecidable", "every number is at most 12; both readings are kept", 0, 0, 0)
}

// nameDate returns the ISO date in the attachment name of record i, or "".
func (r *reader) nameDate(i int) string {
	body := r.body(i)
	if len(body) > 512 || !strings.ContainsAny(body, ".") {
		return ""
	}
	m := dateInName.FindStringSubmatch(body)
	switch {
	case m == nil:
		return ""
	case m[1] != "":
		return m[1] + "-" + m[2] + "-" + m[3]
	}
	return m[4] + "-" + m[5] + "-" + m[6]
}

// wall writes the header's local time, or "" when the order makes no date of it.
func (h *header) wall(o Order) string {
	ymd, ok := h.date(o)
	if !ok {
		return ""
	}
	buf := make([]byte, 0, 19)
	buf = append(buf, byte('0'+ymd[0]/1000), byte('0'+ymd[0]/100%10))
	two := func(sep byte, v int) {
		if sep != 0 {
			buf = append(buf, sep)
		}
		buf = append(buf, byte('0'+v/10), byte('0'+v%10))
	}
	two(0, ymd[0]%100)
	two('-', ymd[1])
	two('-', ymd[2])
	two('T', int(h.hour))
	two(':', int(h.min))
	if h.secs {
		two(':', int(h.sec))
	}
	return string(buf)
}

// time returns the time of record i in the reading of its form.
func (r *reader) time(i int) when.Time {
	c := &r.cands[i]
	d := &r.orderOf[c.h.shape]
	t := when.Time{Text: clean(r.in[c.off+int64(c.h.start) : c.off+int64(c.h.stop)]),
		Wall: c.h.wall(d.order), Precision: when.Minute, Basis: d.basis}
	if c.h.secs {
		t.Precision = when.Second
	}
	if d.other != "" {
		if o := c.h.wall(d.other); o != t.Wall {
			t.Other = o
		}
	}
	if t.Wall == "" {
		t.Wall, t.Other = t.Other, ""
		t.Basis = "only this order makes a date"
	}
	return t
}

// describe writes the file's form, order and clock into the chat.
func (r *reader) describe(groups [][]int) {
	r.chat.DateProven = true
	for i := range r.cands {
		s := r.cands[i].h.shape
		d := &r.orderOf[s]
		if groups[s] == nil {
			continue
		}
		groups[s] = nil
		order := d.order
		if d.other != "" {
			order = Ambiguous
		}
		name := r.shapes[s].name(d.order, d.wideD, d.wideH)
		r.chat.Shapes = append(r.chat.Shapes, name)
		r.chat.DateProven = r.chat.DateProven && d.proven
		switch {
		case r.chat.Shape == "":
			r.chat.Shape, r.chat.DateOrder, r.chat.DateBasis = name, order, d.basis
			r.chat.Clock = [...]string{"24h", "12h", "dayparts"}[r.shapes[s].clock]
		case r.chat.DateOrder != order:
			r.chat.DateOrder = Mixed
		}
	}
	if len(r.chat.Shapes) == 1 {
		r.chat.Shapes = nil
	}
}
