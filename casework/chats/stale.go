package chats

import (
	"context"
	"database/sql"

	"tutela/vault/db"
)

// Replace writes a settled chat. What an earlier reading of it gave and this one
// does not is dropped.
func Replace(ctx context.Context, w *db.Writer, c Chat) error {
	if err := Trim(ctx, w, c); err != nil {
		return err
	}
	return Put(ctx, w, c)
}

// Trim removes rows of an earlier reading of a chat that c lacks: a chat is read
// again when more of what lies beside it is known, or less is authorised. Whoever
// writes a long chat in several acts calls it in the first.
func Trim(ctx context.Context, w *db.Writer, c Chat) error {
	_, there, err := db.One(ctx, w, scanGroup, selectGroup+" WHERE g.id = ?1", string(c.Group.ID))
	if err != nil || !there {
		return err
	}
	g := string(c.Group.ID)
	for _, t := range []struct {
		table db.Table
		query string
		now   []db.Row
	}{
		{memberTable, "SELECT group_id, label FROM chat_member WHERE group_id = ?1", keysOf(c.Members, Member.row, 2)},
		{attachmentTable, "SELECT a.message, a.ordinal FROM attachment a JOIN message m ON m.id = a.message WHERE m.group_id = ?1",
			keysOf(c.Attachments, Attachment.row, 2)},
		{eventTable, "SELECT message, ordinal FROM chat_event WHERE group_id = ?1", keysOf(c.Events, Event.row, 2)},
		{messageTable, "SELECT id FROM message WHERE group_id = ?1", keysOf(c.Messages, Message.row, 1)},
	} {
		keep := map[[2]any]bool{}
		for _, k := range t.now {
			keep[pair(k)] = true
		}
		old, err := db.Collect(ctx, w, scanKey(t.table), t.query, g)
		if err != nil {
			return err
		}
		var gone []db.Row
		for _, k := range old {
			if !keep[pair(k)] {
				gone = append(gone, k)
			}
		}
		if len(gone) > 0 {
			if err := w.Delete(ctx, t.table, gone...); err != nil {
				return err
			}
		}
	}
	return nil
}

// pair makes a key comparable.
func pair(k db.Row) (p [2]any) {
	copy(p[:], k)
	return p
}

func keysOf[T any](in []T, row func(T) db.Row, n int) []db.Row {
	out := rowsOf(in, row)
	for i := range out {
		out[i] = out[i][:n]
	}
	return out
}

// scanKey reads the key of a table of this room: an id, or an id with a label or
// an ordinal.
func scanKey(t db.Table) func(*sql.Rows) (db.Row, error) {
	return func(r *sql.Rows) (db.Row, error) {
		var id, label string
		var ordinal int64
		switch {
		case t.Key == 1:
			err := r.Scan(&id)
			return db.Row{id}, err
		case t.Columns[1] == "ordinal":
			err := r.Scan(&id, &ordinal)
			return db.Row{id, ordinal}, err
		}
		err := r.Scan(&id, &label)
		return db.Row{id, label}, err
	}
}
