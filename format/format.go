// Package format holds the three words that every reader of foreign bytes
// shares: Limits, Place and Finding. Its subpackages turn bytes into values
// and findings; they never touch disk, network, database or clock.
package format

// Limits bounds the work of one reader on one input. A zero field means the
// value of DefaultLimits for that field.
type Limits struct {
	Bytes  int64 // bytes read or produced in all
	Items  int   // members, parts, records or rows
	Depth  int   // nesting of containers or parts
	Ratio  int64 // bytes produced for each byte read
	Text   int64 // bytes of one text field, header or line
	Pixels int64 // width × height of one picture
}

// DefaultLimits returns bounds that every lawful input seen so far stays in
// and that keep one reader within seconds and 300 MB.
func DefaultLimits() Limits {
	return Limits{
		Bytes:  8 << 30,
		Items:  1_000_000,
		Depth:  16,
		Ratio:  200,
		Text:   1 << 20,
		Pixels: 100_000_000,
	}
}

// OrDefault returns l with every zero field replaced by its default.
func (l Limits) OrDefault() Limits {
	d := DefaultLimits()
	if l.Bytes == 0 {
		l.Bytes = d.Bytes
	}
	if l.Items == 0 {
		l.Items = d.Items
	}
	if l.Depth == 0 {
		l.Depth = d.Depth
	}
	if l.Ratio == 0 {
		l.Ratio = d.Ratio
	}
	if l.Text == 0 {
		l.Text = d.Text
	}
	if l.Pixels == 0 {
		l.Pixels = d.Pixels
	}
	return l
}

// Place says where in an input something stands. Readers fill Offset, Length
// and Line; the pipeline puts the container's inner path in front.
type Place struct {
	Path   string `json:"path,omitempty"`   // inner path, members joined by " › "
	Offset int64  `json:"offset,omitempty"` // bytes from the start of the innermost file
	Length int64  `json:"length,omitempty"` // bytes; 0 where it is not known
	Line   int    `json:"line,omitempty"`   // from 1; 0 where lines mean nothing
}

// Finding is something that a reader noticed and that a person may want to
// know: damage, a refusal, a mismatch, an unknown phrase. It is data, kept
// with the exhibit, and never stops the run.
type Finding struct {
	Code   string `json:"code"`             // stable, dotted, lower case: "zip.encrypted"
	Detail string `json:"detail,omitempty"` // never content of the evidence beyond a name or a short token
	Place  Place  `json:"place"`
	Count  int    `json:"count,omitempty"` // how often, where equal findings are folded; 0 means once
}
