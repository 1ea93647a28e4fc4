package pipeline

import (
	"context"
	"io"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/format"
	"tutela/format/identify"
	"tutela/hash/digest"
	"tutela/vault/audit"
	"tutela/vault/evidence"
)

// noDigest marks items whose content could not be had.
var noDigest digest.ID

// identify makes the item of each exhibit, by its content, and promises the
// stages that fit. Its things are exhibits.
func (l *Line) identify(ctx context.Context, w *work) error {
	if err := w.open(ctx, append([]string(nil), w.lease.Things...), nil); err != nil {
		return err
	}
	var found []media.Item
	for _, id := range w.lease.Things {
		s := w.sealed[id]
		if s == nil {
			w.result(l.rootID(id), media.Skipped, "held")
			continue
		}
		i, err := l.root(ctx, w, s)
		if err != nil {
			return err
		}
		w.items = append(w.items, i)
		found = append(found, i)
	}
	w.onward(found)
	return w.commit(ctx, audit.Collection, true)
}

// root makes the item of an exhibit. A child at risk is a mark on the exhibit,
// not of the item, so that it can be taken back.
func (l *Line) root(ctx context.Context, w *work, s *evidence.Sealed) (media.Item, error) {
	e := s.Exhibit()
	i := media.Item{ID: l.rootID(e.ID), Case: cases.ID(e.Case), Exhibit: e.ID, Name: e.Name, Size: e.Size, MD5: e.MD5, SHA1: e.SHA1,
		SHA256: e.SHA256, State: media.Read, Protected: e.Protected}
	head, err := l.head(ctx, w, i)
	if err != nil {
		i.State = media.Unreadable
		if err := w.unreadable(i, err); err != nil {
			return i, err
		}
		i.Kind, i.MIME = string(identify.Unknown), "application/octet-stream"
		return i, nil
	}
	w.classify(&i, head)
	w.result(i.ID, media.Done, "")
	return i, nil
}

// head reads the first bytes of an item.
func (l *Line) head(ctx context.Context, w *work, i media.Item) ([]byte, error) {
	src, err := w.source(ctx, i)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	head := make([]byte, min(int64(identify.Head), src.Size()))
	if n, err := src.ReadAt(head, 0); n < len(head) && err != nil && err != io.EOF {
		return nil, err
	}
	return head, nil
}

// classify tells the type of an item by its first bytes.
func (w *work) classify(i *media.Item, head []byte) {
	var t identify.Type
	var fs []format.Finding
	crashed := guard(func() { t, fs = identify.Identify(head, i.Size, i.Name) })
	if crashed != nil {
		t, fs = identify.Type{MIME: "application/octet-stream", Kind: identify.Unknown}, []format.Finding{*crashed}
	}
	i.MIME, i.Kind = t.MIME, string(t.Kind)
	w.find(*i, fs...)
}

// onward promises what comes next for items whose type is known: unpack, read,
// fingerprint, match or link.
func (w *work) onward(items []media.Item) {
	type place struct{ stage, host string }
	var order []place
	unpack := map[string][]media.Item{} // by host
	by := map[place][]string{}
	add := func(stage, host string, i media.Item) {
		p := place{stage, host}
		if by[p] == nil {
			order = append(order, p)
		}
		by[p] = append(by[p], string(i.ID))
	}
	for _, i := range items {
		if i.SHA256 == noDigest {
			continue
		}
		host := w.host(i)
		stages, known := roads[identify.Kind(i.Kind)]
		if !known || identify.Kind(i.Kind) == identify.Video { // frames of a film are hashed; nothing reads it
			w.results = append(w.results, media.Result{Case: i.Case, Subject: string(i.ID), Stage: Read, Version: version(Read),
				Outcome: media.Skipped, Detail: "kind." + i.Kind})
		}
		for _, stage := range stages {
			if stage == Unpack {
				unpack[host] = append(unpack[host], i)
			} else {
				add(stage, host, i)
			}
		}
		if identify.Kind(i.Kind) != identify.Picture { // a picture is matched when it has its fingerprint
			add(Match, "", i)
		}
	}
	for host, containers := range unpack {
		w.promiseUnpack(host, containers)
	}
	for _, p := range order {
		w.promise(p.stage, p.host, by[p]...)
	}
}

// roads lists the stages that a kind goes through after it is identified, but
// for matching. Kinds that are not named here have no reader yet.
var roads = map[identify.Kind][]string{
	identify.Archive:  {Unpack},
	identify.Mbox:     {Unpack},
	identify.Mail:     {Unpack, Read},
	identify.ChatText: {Read},
	identify.Text:     {Link},
	identify.Picture:  {Fingerprint},
	identify.Video:    {Fingerprint},
	identify.Empty:    {},
}
