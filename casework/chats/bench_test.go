package chats_test

import (
	"fmt"
	"testing"
	"time"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/format/when"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

// BenchmarkGroupGraph writes a group of 100,000 messages by 100 members in
// acts of 1,000 and reads counts, members and sister groups. The goal is ten
// seconds for all of it (write-s is the writing, read-s the reading).
func BenchmarkGroupGraph(b *testing.B) {
	const total = 100_000
	for b.Loop() {
		v := vaulttest.Open(b, schemas()...)
		c := chats.Chat{Group: chats.Group{ID: "g", Case: "01A", Exhibit: "e", Item: "i", Kind: chats.GroupChat}}
		for n := range 100 {
			c.Members = append(c.Members, chats.Member{Group: "g", Label: fmt.Sprint("Member ", n), Identifier: ""})
		}
		for n := range total {
			c.Messages = append(c.Messages, chats.Message{ID: chats.NewMessageID(key, "g", n), Case: "01A", Group: "g", Exhibit: "e", Item: "i",
				Ordinal: n, Offset: int64(80 * n), Length: 80, Kind: chats.TextMessage, Author: fmt.Sprint("Member ", n%100),
				Time: when.Time{Wall: fmt.Sprintf("2026-01-02T10:%05d", n)}, Text: "a message of ordinary length, as people write them"})
		}
		start := time.Now()
		chats.Settle(&c, chats.Known{})
		for from := 0; from < total; from += 1000 {
			part := chats.Chat{Group: c.Group, Members: c.Members, Messages: c.Messages[from : from+1000]}
			act := audit.Act{Class: audit.Collection, Verb: "test.write", Why: "test"}
			if _, err := v.Desk.Do(ctx, act, func(w *db.Writer) error { return chats.Put(ctx, w, part) }); err != nil {
				b.Fatal(err)
			}
		}
		written := time.Now()
		q, err := v.Desk.Consult(ctx, audit.Act{Verb: "test.look", Why: "test"})
		if err != nil {
			b.Fatal(err)
		}
		gs, err := chats.Groups(ctx, q, "01A", cases.View{})
		if err != nil || gs[0].Messages != total {
			b.Fatal(gs, err)
		}
		ps, err := chats.Members(ctx, q, "01A", "", cases.View{})
		if err != nil || len(ps) != 100 || ps[0].Messages != total/100 {
			b.Fatal(len(ps), err)
		}
		if _, err := chats.SisterGroups(ctx, q, "01A", cases.View{}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(written.Sub(start).Seconds(), "write-s")
		b.ReportMetric(time.Since(written).Seconds(), "read-s")
	}
}
