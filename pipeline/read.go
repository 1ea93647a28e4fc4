package pipeline

import (
	"context"
	"path"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/media"
	"tutela/casework/tips"
	"tutela/format"
	"tutela/format/identify"
	"tutela/format/mail"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// read reads chats and mails into the rows of their rooms. Its things are items.
func (l *Line) read(ctx context.Context, w *work) error {
	items, err := w.take(ctx)
	if err != nil {
		return err
	}
	w.again = items
	neighbours := &neighbours{work: w, folders: map[string][]evidence.Exhibit{}, containers: map[string][]media.Item{}}
	var linked []string
	for _, i := range items {
		good, err := w.readOne(ctx, i, neighbours)
		if err != nil {
			return err
		}
		if good {
			linked = append(linked, string(i.ID))
		}
	}
	byHost := map[string][]string{}
	for _, i := range items {
		if slices.Contains(linked, string(i.ID)) {
			host := w.host(i)
			if identify.Kind(i.Kind) == identify.ChatText { // linked from rows
				host = ""
			}
			byHost[host] = append(byHost[host], string(i.ID))
		}
	}
	for host, things := range byHost {
		w.promise(Link, host, things...)
	}
	return w.commit(ctx, audit.Collection, true)
}

// readOne reads one item; false when nothing came of it.
func (w *work) readOne(ctx context.Context, i media.Item, neighbours *neighbours) (bool, error) {
	done, err := w.line.alone(ctx, i.Size)
	if err != nil {
		return false, err
	}
	defer done()
	limit := int64(maxChat)
	if identify.Kind(i.Kind) == identify.Mail {
		limit = maxMail
	}
	data, ok, err := w.text(ctx, i, limit)
	switch {
	case err != nil || !ok:
		return false, err
	case identify.Kind(i.Kind) == identify.Mail:
		return w.readMail(i, data), nil
	}
	return w.readChat(ctx, i, data, neighbours)
}

// text reads the bytes of an item up to a limit; false when they cannot be had,
// which is then recorded.
func (w *work) text(ctx context.Context, i media.Item, limit int64) ([]byte, bool, error) {
	src, err := w.source(ctx, i)
	if err != nil {
		return nil, false, w.unreadable(i, err)
	}
	defer src.Close()
	in := &watched{src: src}
	data, fs := whole(in, limit)
	if in.err != nil {
		return nil, false, w.unreadable(i, in.err)
	}
	w.find(i, fs...)
	return data, true, nil
}

// readMail makes a tip of a message.
func (w *work) readMail(i media.Item, data []byte) bool {
	var m *mail.Message
	var fs []format.Finding
	if crashed := guard(func() { m, fs = mail.Read(data, w.line.limits) }); crashed != nil {
		w.find(i, *crashed)
		w.result(i.ID, media.Failed, crashed.Code)
		return false
	}
	text := m.Text
	if strings.TrimSpace(text) == "" {
		text = m.HTMLText
	}
	if most := int(w.line.limits.Text); len(text) > most { // the message itself stays whole
		text = strings.ToValidUTF8(text[:most], "")
		fs = append(fs, format.Finding{Code: "read.text", Detail: "the text is longer than the limit"})
	}
	t := tips.Tip{ID: tips.NewID(w.line.siteRow, i.Exhibit, string(i.ID)), Case: i.Case, Exhibit: i.Exhibit, Item: string(i.ID),
		MessageID: m.MessageID, Subject: m.Subject, Received: m.Date, Text: text, Attachments: len(m.Attachments), Protected: i.Protected}
	if v := m.Values("From"); len(v) > 0 {
		t.From = v[0]
	}
	if !w.inScope(i, t.Received, func() []string { return mailAccounts(m) }) {
		w.find(i, outOfScope(1))
		w.result(i.ID, media.Skipped, "scope")
		return false
	}
	w.find(i, fs...)
	w.result(i.ID, media.Done, "")
	w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error { return tips.Put(ctx, dw, t) })
	return true
}

// neighbours finds the files that lie beside a text: members of the same
// container, or files of the same folder of the same acquisition.
type neighbours struct {
	*work
	folders    map[string][]evidence.Exhibit // by acquisition
	containers map[string][]media.Item       // items of an exhibit
}

// of returns the names beside an item and the items that they mean; nil names
// when nothing is known of what was beside it.
func (n *neighbours) of(ctx context.Context, i media.Item) ([]string, map[string]media.Item, error) {
	if i.Parent == "" {
		return n.ofExhibit(ctx, i)
	}
	all, ok := n.containers[i.Exhibit]
	if !ok {
		var err error
		all, err = media.Items(ctx, n.q, media.Query{Case: i.Case, Exhibit: i.Exhibit, View: cases.View{Protected: true}})
		if err != nil {
			return nil, nil, err
		}
		n.containers[i.Exhibit] = all
	}
	names, by := []string{}, map[string]media.Item{}
	prefix := ""
	for _, o := range all {
		if o.ID == i.Parent && o.Path != "" {
			prefix = o.Path + " › "
		}
	}
	for _, o := range all {
		if o.Parent == i.Parent && o.ID != i.ID {
			name := strings.TrimPrefix(o.Path, prefix)
			if _, twice := by[name]; !twice {
				names = append(names, name)
				by[name] = o
			}
		}
	}
	return names, by, nil
}

func (n *neighbours) ofExhibit(ctx context.Context, i media.Item) ([]string, map[string]media.Item, error) {
	e := n.sealed[i.Exhibit].Exhibit()
	if e.Path == "" {
		return nil, nil, nil
	}
	all, ok := n.folders[e.Acquisition]
	if !ok {
		var err error
		all, err = evidence.Exhibits(ctx, n.q, evidence.Query{Case: e.Case, Acquisition: e.Acquisition, Protected: true})
		if err != nil {
			return nil, nil, err
		}
		n.folders[e.Acquisition] = all
	}
	names, by := []string{}, map[string]media.Item{}
	for _, o := range all {
		if o.ID != e.ID && path.Dir(o.Path) == path.Dir(e.Path) {
			names = append(names, o.Name)
			by[o.Name] = media.Item{ID: n.line.rootID(o.ID), Size: o.Size}
		}
	}
	return names, by, nil
}
