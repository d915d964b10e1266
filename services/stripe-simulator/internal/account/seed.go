package account

import (
	"fmt"
)

// seedBatch is how many customers are made under one lock.
const seedBatch = 1000

// Seed makes customers that have been there for long: nothing tells about them. Their ids, names and addresses follow from
// their numbers, which go from first to first+count-1; with an owner they carry the mark that a connector of that name
// gives the record 00000000-0000-4000-8000-<number in 12 digits>.
func (d *Side) Seed(first, count int, owner string) error {
	for from := first; from < first+count; from += seedBatch {
		if err := d.seed(from, min(from+seedBatch, first+count), owner); err != nil {
			return err
		}
	}
	return nil
}

func (d *Side) seed(from, to int, owner string) error {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	for i := from; i < to; i++ {
		c := &Customer{
			ID: fmt.Sprintf("cus_seed%012d", i), Object: "customer", Livemode: d.livemode, Metadata: map[string]string{},
			Name: Text(fmt.Sprintf("Customer %d", i)), Email: Text(fmt.Sprintf("customer-%d@example.com", i)),
			InvoicePrefix: Text(fmt.Sprintf("S%011d", i)), NextInvoiceSequence: 1, PreferredLocales: []string{}, TaxExempt: "none",
		}
		if d.customers[c.ID] != nil {
			continue
		}
		if owner != "" {
			c.Metadata[Mark] = fmt.Sprintf("%s:00000000-0000-4000-8000-%012d", owner, i)
			d.marks[c.Metadata[Mark]]++
		}
		c.at = d.store.now()
		c.Created = c.at.Unix()
		if err := c.render(); err != nil {
			return err
		}
		r := &row{pos: d.next(), current: c}
		d.customers[c.ID] = r
		d.order = append(d.order, r)
		d.indexEmail(r, "", c.Email)
		d.counts.Created++
		d.counts.Live++
	}
	d.store.changed()
	return nil
}
