package hashlist

import (
	"strings"

	"tutela/format"
)

// Answer is a statement of a list that may be missing.
type Answer string

// The answers; "" means that the list says nothing.
const (
	Yes Answer = "yes"
	No  Answer = "no"
)

// Details is what lists tell of a file beside its hashes. Every field may be
// missing; nothing is derived from it.
type Details struct {
	Series         string `json:"series,omitempty"`
	Victim         Answer `json:"victim_identified,omitempty"`
	Offender       Answer `json:"offender_identified,omitempty"`
	Distributed    Answer `json:"is_distributed,omitempty"`
	Precategorized Answer `json:"is_precategorized,omitempty"` // by a tool, not by a person
	Baseline       Answer `json:"baseline,omitempty"`          // of the international baseline
	Size           string `json:"size,omitempty"`              // bytes, decimal digits
	Media          string `json:"media,omitempty"`             // media type or kind, as written
	Name           string `json:"name,omitempty"`              // of the file at the source
	Updated        string `json:"updated,omitempty"`           // time, as written
	Member         string `json:"member,omitempty"`            // who reported it to the source
	Status         string `json:"status,omitempty"`            // at the source, as written
	Feedback       string `json:"feedback,omitempty"`          // of other members: "affirmative", "negative" or "both"
	Note           string `json:"note,omitempty"`
}

// answer reads a boolean as lists write it; anything else is no answer.
func answer(text string) Answer {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "t", "yes", "y", "1":
		return Yes
	case "false", "f", "no", "n", "0":
		return No
	}
	return ""
}

// digits keeps a whole number as written, and nothing else.
func digits(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 19 || strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return text
}

// set puts a text into the detail that is called name, and reports whether there
// is one. The names are those of Details in JSON.
func (r *Reader) set(e *Entry, name, text string, place format.Place) bool {
	d := &e.Details
	if a := d.answer(name); a != nil {
		*a = answer(text)
		return true
	}
	if name == "size" {
		d.Size = digits(text)
		return true
	}
	t := d.text(name)
	if t == nil {
		return false
	}
	most := maxShortText
	if name == "note" || name == "name" {
		most = maxNote
	}
	*t = r.clean(strings.TrimSpace(text), most, place)
	return true
}

func (d *Details) answer(name string) *Answer {
	switch name {
	case "victim_identified":
		return &d.Victim
	case "offender_identified":
		return &d.Offender
	case "is_distributed":
		return &d.Distributed
	case "is_precategorized":
		return &d.Precategorized
	case "baseline":
		return &d.Baseline
	}
	return nil
}

func (d *Details) text(name string) *string {
	switch name {
	case "series":
		return &d.Series
	case "size":
		return &d.Size
	case "media":
		return &d.Media
	case "name":
		return &d.Name
	case "updated":
		return &d.Updated
	case "member":
		return &d.Member
	case "status":
		return &d.Status
	case "feedback":
		return &d.Feedback
	case "note":
		return &d.Note
	}
	return nil
}

// detailNames are the names of all details, in the order of Details.
func detailNames() []string {
	return []string{"series", "victim_identified", "offender_identified", "is_distributed", "is_precategorized", "baseline",
		"size", "media", "name", "updated", "member", "status", "feedback", "note"}
}
