package pipeline

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"tutela/casework/chats"
	"tutela/casework/media"
	"tutela/format"
	"tutela/format/whatsapp"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// readChat makes a group of an exported chat.
func (w *work) readChat(ctx context.Context, i media.Item, data []byte, beside *neighbours) (bool, error) {
	names, files, err := beside.of(ctx, i)
	if err != nil {
		return false, err
	}
	var c whatsapp.Chat
	var fs []format.Finding
	if crashed := guard(func() { c, fs = whatsapp.Read(data, names, w.line.limits) }); crashed != nil {
		fs = append(fs, *crashed)
		c.Messages = nil
	}
	if len(c.Messages) == 0 {
		w.find(i, fs...)
		w.result(i.ID, media.Failed, "read.nothing")
		return false, nil
	}
	fs = loose(i, c, fs)
	known, err := chats.KnownOf(ctx, w.q, i.Exhibit)
	if err != nil {
		return false, err
	}
	held := func(member string) (string, int64) {
		if f, ok := files[member]; ok {
			return string(f.ID), f.Size
		}
		return "", -1
	}
	chat := chats.FromWhatsApp(w.line.siteRow, w.group(i, &c), 0, c, held)
	accounts := sync.OnceValue(func() []string { return chatAccounts(c, known) })
	left := narrow(&chat, func(m chats.Message) bool { return w.inScope(i, m.Time, accounts) })
	c.Messages = nil // the memory is wanted for the rows
	if left > 0 {
		fs = append(fs, outOfScope(left))
	}
	w.find(i, fs...)
	if len(chat.Messages) == 0 {
		w.result(i.ID, media.Skipped, "scope")
		return false, nil
	}
	chats.Settle(&chat, known)
	detail := ""
	if left > 0 {
		detail = "scope"
	}
	if err := w.putChat(ctx, chat); err != nil {
		return false, err
	}
	w.result(i.ID, media.Done, detail)
	return true, nil
}

// chatPortion is how many messages go into one act.
const chatPortion = 5000

// putChat writes a chat: a long one in several acts, of which the last is that of
// the job.
func (w *work) putChat(ctx context.Context, chat chats.Chat) error {
	if len(chat.Messages) <= chatPortion {
		w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error { return chats.Replace(ctx, dw, chat) })
		return nil
	}
	w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error {
		if err := chats.Trim(ctx, dw, chat); err != nil {
			return err
		}
		return chats.Put(ctx, dw, chats.Chat{Group: chat.Group, Members: chat.Members})
	})
	attachments, events := chat.Attachments, chat.Events
	for part := range slices.Chunk(chat.Messages, chatPortion) {
		if err := w.commit(ctx, audit.Collection, false); err != nil {
			return err
		}
		in := map[chats.MessageID]bool{}
		for _, m := range part {
			in[m.ID] = true
		}
		portion := chats.Chat{Group: chat.Group, Messages: part}
		portion.Attachments, attachments = head(attachments, func(a chats.Attachment) bool { return in[a.Message] })
		portion.Events, events = head(events, func(e chats.Event) bool { return in[e.Message] })
		w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error { return chats.Put(ctx, dw, portion) })
	}
	return nil
}

// head parts the first elements that belong from the others.
func head[T any](in []T, belongs func(T) bool) (first, rest []T) {
	n := 0
	for n < len(in) && belongs(in[n]) {
		n++
	}
	return in[:n], in[n:]
}

// surplus is the reader's word for a file that no message names.
const surplus = "whatsapp.attachment-surplus"

// loose says once how many files beside a text that lies in a folder the chat
// does not name, and nothing where it names none of them: then the folder is not
// an export's.
func loose(i media.Item, c whatsapp.Chat, fs []format.Finding) []format.Finding {
	if i.Parent != "" || len(c.Surplus) == 0 {
		return fs
	}
	fs = slices.DeleteFunc(fs, func(f format.Finding) bool { return f.Code == surplus })
	if slices.ContainsFunc(c.Messages, func(m whatsapp.Message) bool { return m.Attachment != nil && m.Attachment.Present }) {
		fs = append(fs, format.Finding{Code: surplus, Detail: "files of the folder that no message names", Count: len(c.Surplus)})
	}
	return fs
}

// exportName matches the names that exports have, around the chat's own name.
var exportName = regexp.MustCompile(`(?i)^(?:whatsapp chat with |whatsapp chat - |chat de whatsapp con )(.+?)(?: \(\d+\))?\.(?:txt|zip)$`)

// titleOf takes the name of a chat from the file's name, or from that of the
// archive that it came in.
func (w *work) titleOf(i media.Item) string {
	inner := strings.Split(i.Path, " › ")
	for n := len(inner) - 1; n >= 0; n-- {
		if m := exportName.FindStringSubmatch(path.Base(inner[n])); m != nil {
			return m[1]
		}
	}
	if m := exportName.FindStringSubmatch(w.sealed[i.Exhibit].Name()); m != nil {
		return m[1]
	}
	return ""
}

// group says what kind of chat it is: one of two people when nothing happened in
// it that happens in groups only and the chat has the name of who wrote.
func (w *work) group(i media.Item, c *whatsapp.Chat) chats.Group {
	g := chats.Group{Case: i.Case, Exhibit: i.Exhibit, Item: string(i.ID), Subject: c.Title, Kind: chats.OtherChat, Protected: i.Protected}
	if g.Subject == "" {
		g.Subject = w.titleOf(i)
	}
	authors := c.Authors()
	is := func(a string) bool { return chats.Label(a) == g.Subject }
	switch {
	case slices.ContainsFunc(c.Messages, groupOnly) || len(authors) > 2:
		g.Kind = chats.GroupChat
	case slices.ContainsFunc(authors, is):
		g.Kind = chats.DirectChat
	}
	return g
}

// groupOnly reports whether a record tells of something that only groups have.
func groupOnly(m whatsapp.Message) bool {
	return m.Event != nil && slices.Contains([]string{whatsapp.Created, whatsapp.Added, whatsapp.Removed, whatsapp.Left, whatsapp.Joined,
		whatsapp.JoinedLink, whatsapp.SubjectChanged, whatsapp.IconChanged, whatsapp.DescriptionChanged, whatsapp.AdminGranted}, m.Event.Verb)
}
