package hashlist

import (
	"strconv"
	"strings"

	"tutela/fault"
	"tutela/format"
)

// feed reads one page of a service that answers in JSON: an object with a count,
// a list of flat records, and where the next page is.
type feed struct {
	document
	records string // name of the list
	entry   func(map[string]string) told
	seen    int
	stated  int // -1 when the page states nothing
}

// told is what a record says; an unknown kind of hash or status has no algorithm.
type told struct {
	entry     Entry
	algorithm Algorithm
	value     string
}

// readFeed reads a page of StopNCII (version 1) or of Tech Against Terrorism
// (version 2), after the clients in python-threatexchange of
// facebook/ThreatExchange.
func (r *Reader) readFeed(emit func(Entry) bool) error {
	f := &feed{document: r.document(emit), stated: -1}
	if r.header.Format == StopNCII {
		f.records, f.entry, r.header.Scheme, r.header.Version = "hashRecords", stopNCII, StopNCII, "1"
	} else {
		f.records, f.entry, r.header.Scheme, r.header.Version = "results", againstTerrorism, TAT, "2"
	}
	if err := f.page(); err != nil || f.stopped {
		return err
	}
	if f.stated >= 0 && f.stated != f.seen {
		r.note(WrongCount, format.Place{}, "stated %d, found %d", f.stated, f.seen)
	}
	return r.finish()
}

func (f *feed) page() error {
	t, err := f.scan.next()
	if err != nil {
		return err
	}
	if t.kind != '{' {
		return fault.New(fault.Invalid, "hash list: the page is no object")
	}
	listed, last := false, false
	for !f.stopped {
		if t, err = f.scan.next(); err != nil {
			return err
		}
		switch {
		case t.kind == '}':
			if _, err = f.scan.next(); err == nil && !listed {
				err = fault.New(fault.Invalid, "hash list: the page has no list %q", f.records)
			}
			if last {
				f.header.Next = ""
			}
			return err
		case t.text == f.records && listed:
			return fault.New(fault.Corrupt, "hash list: byte %d: a second list of records", t.at)
		case t.text == f.records:
			listed, err = true, f.list(f.record)
		default:
			err = f.about(t.text, &last)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// about reads what the page says of itself.
func (f *feed) about(name string, last *bool) error {
	t, err := f.scan.next()
	if err != nil {
		return err
	}
	switch name {
	case "count":
		if n, bad := strconv.Atoi(t.text); bad == nil && f.records == "hashRecords" { // elsewhere it counts all pages
			f.stated = n
		}
	case "next", "nextPageToken":
		if t.kind == 's' {
			f.header.Next = f.clean(t.text, maxNote, format.Place{Offset: t.at})
		}
	case "hasMoreRecords":
		*last = t.kind == 'f'
	}
	return f.skipFrom(t)
}

// record reads one record; of a name that comes twice neither value counts.
func (f *feed) record(at int64) error {
	said := map[string]string{}
	twice := map[string]bool{}
	for {
		t, err := f.scan.next()
		if err != nil {
			return err
		}
		if t.kind == '}' {
			break
		}
		name := t.text
		if t, err = f.scan.next(); err != nil {
			return err
		}
		if _, again := said[name]; again || twice[name] {
			f.note(DuplicateKey, format.Place{Offset: t.at}, "%.40q", name)
			delete(said, name)
			twice[name] = true
		} else if t.kind != '{' && t.kind != '[' && t.kind != '0' && len(said) < 100 {
			said[name] = t.text
		}
		if err := f.skipFrom(t); err != nil {
			return err
		}
	}
	f.seen++
	place := format.Place{Offset: at, Length: f.scan.at - at}
	x := f.entry(said)
	e := x.entry
	e.Place = place
	if x.algorithm == "" {
		f.note(Unknown, place, "%.40q", said["signalType"]+said["algorithm"])
		e.Removed = e.Removed && e.SourceID != ""
	} else {
		f.value(&e, x.algorithm, x.value, place)
		e.Removed = e.Removed && len(e.Values)+len(e.SourceID) > 0 // or nothing says what to withdraw
	}
	if e.SourceID = f.short(e.SourceID, place); e.Removed && e.SourceID != "" {
		e.Values = nil
	}
	f.set(&e, "media", said["file_type"], place)
	f.set(&e, "status", said["hashStatus"], place)
	f.set(&e, "updated", said["lastModtimestamp"]+said["updated_on"], place)
	goOn, err := f.deliver(e, f.emit)
	f.stopped = !goOn
	return err
}

// stopNCII reads a record of StopNCII. A record takes the place of the earlier
// one of the same hash; what is withdrawn or deleted there is withdrawn here.
func stopNCII(said map[string]string) told {
	x := told{value: said["hashValue"], algorithm: algorithmOf(strings.TrimPrefix(said["signalType"], "Video"))}
	switch said["hashStatus"] {
	case "Active", "Received":
		x.entry.Replaces = true
	case "Withdrawn", "Deleted":
		x.entry.Removed = true
	default:
		x.algorithm = ""
	}
	return x
}

// againstTerrorism reads a record of Tech Against Terrorism, whose id stays when
// it changes.
func againstTerrorism(said map[string]string) told {
	return told{algorithm: algorithmOf(said["algorithm"]), value: said["hash_digest"],
		entry: Entry{SourceID: said["id"], Removed: said["deleted"] == "true", Replaces: said["deleted"] != "true" && said["id"] != ""}}
}
