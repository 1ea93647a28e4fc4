package hashlist

import (
	"regexp"
	"strconv"
	"strings"

	"tutela/fault"
	"tutela/format"
)

// model matches the address by which a document names its data model, as far as
// public readers and writers show it.
var model = regexp.MustCompile(`/ProjectVic/DataModels/([0-9.]+)\.xml(?:/([A-Za-z]+)/\$metadata)?#(Media|Cases)$`)

// vics reads one document.
type vics struct {
	document
	count  int // objects that are entries
	stated int // what TotalMediaFiles said, summed over the cases; -1 when nothing
}

func (r *Reader) readVICS(emit func(Entry) bool) error {
	v := &vics{document: r.document(emit), stated: -1}
	r.header.Scheme = VICS
	if err := v.whole(); err != nil || v.stopped {
		return err
	}
	if r.header.Version == "" {
		return fault.New(fault.Invalid, "hash list: the document names no data model")
	}
	if v.stated >= 0 && v.stated != v.count {
		r.note(WrongCount, format.Place{}, "stated %d, found %d", v.stated, v.count)
	}
	return r.finish()
}

func (v *vics) whole() error {
	t, err := v.scan.next()
	if err != nil {
		return err
	}
	if t.kind != '{' {
		return fault.New(fault.Invalid, "hash list: the document is no VICS object")
	}
	values := false
	for !v.stopped {
		if t, err = v.scan.next(); err != nil {
			return err
		}
		switch {
		case t.kind == '}':
			if _, err = v.scan.next(); err == nil && !values {
				err = fault.New(fault.Invalid, "hash list: the document has no list of values")
			}
			return err
		case t.text == "@odata.context" || t.text == "odata.metadata":
			err = v.context()
		case t.text == "value" && values:
			err = fault.New(fault.Corrupt, "hash list: byte %d: a second list of values", t.at)
		case t.text == "value":
			values = true
			err = v.list(v.object)
		default:
			err = v.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *vics) context() error {
	t, err := v.scan.next()
	if err != nil {
		return err
	}
	m := model.FindStringSubmatch(t.text)
	if t.kind != 's' || m == nil || (m[1] != "1.2" && m[1] != "1.3" && m[1] != "2.0") {
		return fault.New(fault.Invalid, "hash list: byte %d: the data model is not known", t.at)
	}
	v.header.Version, v.header.Region, v.header.Cases = m[1], m[2], m[3] == "Cases"
	return nil
}

// object reads one object of the list: an entry, or a case with entries in it.
func (v *vics) object(at int64) error {
	e := Entry{Place: format.Place{Offset: at}}
	seen := map[string]bool{}
	isCase := false
	for {
		t, err := v.scan.next()
		if err != nil {
			return err
		}
		if t.kind == '}' {
			break
		}
		if seen[t.text] {
			v.note(DuplicateKey, format.Place{Offset: t.at}, "%.40q", t.text)
		}
		switch t.text {
		case "Media":
			isCase, err = true, v.list(v.object)
		case "CaseID", "CaseNumber":
			isCase, err = true, v.skip()
		case "TotalMediaFiles":
			err = v.total()
		default:
			err = v.field(&e, t.text, seen[t.text])
		}
		if err != nil || v.stopped {
			return err
		}
		if len(seen) < 200 {
			seen[t.text] = true
		}
	}
	if isCase {
		return nil
	}
	v.count++
	e.Place.Length = v.scan.at - at
	goOn, err := v.deliver(e, v.emit)
	v.stopped = !goOn
	return err
}

func (v *vics) total() error {
	t, err := v.scan.next()
	if err != nil {
		return err
	}
	if n, bad := strconv.Atoi(t.text); bad == nil && n >= 0 {
		v.stated = max(v.stated, 0) + n
	}
	return v.skipFrom(t)
}

// field reads one member of an entry.
func (v *vics) field(e *Entry, name string, again bool) error {
	if name == "AlternativeHashes" || name == "AlternativeHash" {
		return v.list(func(int64) error { return v.alternative(e) })
	}
	t, err := v.scan.next()
	if err != nil {
		return err
	}
	place := format.Place{Offset: t.at}
	scalar := t.kind == 's' || t.kind == 'n'
	switch name {
	case "MD5", "SHA1", "SHA256", "PhotoDNA":
		if scalar {
			v.value(e, algorithmOf(name), t.text, place)
		}
	case "MediaID":
		if scalar {
			e.SourceID = v.short(t.text, place)
		}
	case "Category":
		if again {
			e.Category = ""
		} else if scalar {
			e.Category = v.short(strings.TrimSpace(t.text), place)
		}
	default:
		if detail := vicsDetail(name); detail != "" && t.text != "" {
			text := t.text
			if t.cut { // which skipFrom tells
				text = strings.ToValidUTF8(text[:maxShortText], "\uFFFD")
			}
			v.set(e, detail, text, place)
		}
	}
	return v.skipFrom(t)
}

// vicsDetail names the detail that a member of an entry tells; "" for none.
func vicsDetail(name string) string {
	switch name {
	case "Series":
		return "series"
	case "VictimIdentified":
		return "victim_identified"
	case "OffenderIdentified":
		return "offender_identified"
	case "IsDistributed":
		return "is_distributed"
	case "IsPrecategorized":
		return "is_precategorized"
	case "MediaSize":
		return "size"
	case "MimeType":
		return "media"
	case "DateUpdated":
		return "updated"
	case "Comments":
		return "note"
	}
	return ""
}

// alternative reads one {HashName, HashValue}.
func (v *vics) alternative(e *Entry) error {
	var name, value string
	var place format.Place
	for {
		t, err := v.scan.next()
		if err != nil {
			return err
		}
		if t.kind == '}' {
			break
		}
		key := t.text
		if t, err = v.scan.next(); err != nil {
			return err
		}
		switch key {
		case "HashName":
			name = t.text
		case "HashValue":
			value, place = t.text, format.Place{Offset: t.at}
		}
		if err := v.skipFrom(t); err != nil {
			return err
		}
	}
	if a := algorithmOf(name); a != "" {
		v.value(e, a, value, place)
	} else if value != "" {
		v.note(Unknown, place, "%.40q", name)
	}
	return nil
}
