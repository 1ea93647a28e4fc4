package chats

import (
	"context"

	"tutela/vault/db"
)

// Forget deletes the chats read from exhibits that are being erased, and whose
// export they were said to be.
func Forget(ctx context.Context, w *db.Writer, exhibits ...string) error {
	gs, err := db.CollectIn(ctx, w, scanGroup, selectGroup+" WHERE g.exhibit IN (?*)", exhibits)
	if err != nil {
		return err
	}
	owners, err := db.CollectIn(ctx, w, scanOwner, selectOwner+" WHERE exhibit IN (?*)", exhibits)
	if err != nil {
		return err
	}
	for _, g := range gs {
		if err := forgetGroup(ctx, w, g); err != nil {
			return err
		}
	}
	var gone []db.Row
	for _, o := range owners {
		gone = append(gone, db.Row{o.Exhibit, o.Label})
	}
	return w.Delete(ctx, ownerTable, gone...)
}

func forgetGroup(ctx context.Context, w *db.Writer, g Group) error {
	c, err := load(ctx, w, g)
	if err != nil {
		return err
	}
	var members, messages, events, attachments []db.Row
	var ids []string
	for _, m := range c.Members {
		members = append(members, db.Row{string(m.Group), m.Label})
	}
	for _, m := range c.Messages {
		ids, messages = append(ids, string(m.ID)), append(messages, db.Row{string(m.ID)})
	}
	for _, e := range c.Events {
		events = append(events, db.Row{string(e.Message), int64(e.Ordinal)})
	}
	carried, err := db.CollectIn(ctx, w, scanAttachment, selectAttachment+" WHERE a.message IN (?*)", ids)
	if err != nil {
		return err
	}
	for _, a := range carried {
		attachments = append(attachments, db.Row{string(a.Message), int64(a.Ordinal)})
	}
	for _, d := range []struct {
		t    db.Table
		rows []db.Row
	}{{memberTable, members}, {messageTable, messages}, {eventTable, events}, {attachmentTable, attachments}, {groupTable, []db.Row{{string(g.ID)}}}} {
		if err := w.Delete(ctx, d.t, d.rows...); err != nil {
			return err
		}
	}
	return nil
}
