package account

import "sort"

// Range selects a page of a listing that is newest first. Zero positions mean no bound.
type Range struct {
	Limit  int
	After  int64 // position of the object that the page starts after (older ones follow)
	Before int64 // position of the object that the page ends before (newer ones are shown)
}

// Page is a part of a listing, newest first.
type Page[T any] struct {
	Data    []T
	HasMore bool
}

type placed interface{ position() int64 }

// page walks over all, which is ordered by position, and collects what matches.
func page[T placed](all []T, r Range, match func(T) bool) Page[T] {
	out := Page[T]{Data: make([]T, 0, min(r.Limit, len(all)))}
	at := func(pos int64) int {
		return sort.Search(len(all), func(i int) bool { return all[i].position() >= pos })
	}
	if r.Before > 0 {
		for i := at(r.Before + 1); i < len(all) && !out.HasMore; i++ {
			out.take(all[i], r.Limit, match)
		}
		for i, j := 0, len(out.Data)-1; i < j; i, j = i+1, j-1 {
			out.Data[i], out.Data[j] = out.Data[j], out.Data[i]
		}
		return out
	}
	from := len(all)
	if r.After > 0 {
		from = at(r.After)
	}
	for i := from - 1; i >= 0 && !out.HasMore; i-- {
		out.take(all[i], r.Limit, match)
	}
	return out
}

func (p *Page[T]) take(item T, limit int, match func(T) bool) {
	if !match(item) {
		return
	}
	if len(p.Data) == limit {
		p.HasMore = true
		return
	}
	p.Data = append(p.Data, item)
}

// Created filters by creation time in seconds. Zero bounds are open; see the constructor for which.
type Created struct {
	From, To *int64 // inclusive
}

// Match tells whether a time lies inside.
func (c Created) Match(created int64) bool {
	return (c.From == nil || created >= *c.From) && (c.To == nil || created <= *c.To)
}
