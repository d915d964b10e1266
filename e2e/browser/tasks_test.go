package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// What an operator comes for: who is not in sync, why, put it right, and see it come right without loading the page again.
func TestAFailedCustomerIsFoundUnderstoodAndPutRight(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.create(object{"name": "Grace Hopper", "email": "grace@navy.example"})
	id, _ := s.create(object{"name": "Alan Turing", "email": "alan@example"})
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard")

	b.shows("h1", "1 of 2 customers are the same on both sides.")
	b.press("main", "1 needs a fix")
	b.shows("main", "Alan Turing")
	b.shows("main", "The fix:")
	b.press("main", "Alan Turing")
	b.until("the customer", `location.pathname === "/dashboard/customers/`+id+`"`)
	b.shows("main", "Stripe refuses this customer.")
	b.shows("tr.refused", "alan@example")
	run[any](b, "window.notReloaded = true")

	s.patch(id, object{"email": "alan@turing.example"})

	b.shows("main .badge", "in sync")
	b.shows("main", "the same on both sides")
	require.True(t, run[bool](b, "window.notReloaded"), "it turned green without a reload")
	b.visit("/dashboard")
	b.shows("h1", "All 2 customers are the same on both sides.")
	b.clean()
}

func TestRetryTriesAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.create(object{"name": "Alan Turing", "email": "alan@example"})
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard/failures")
	b.press("main", "Retry")
	b.shows("#dialog h1", "Retry 1 customer?")
	b.press("#dialog", "Retry 1 customer")
	b.until("its job", `location.pathname.startsWith("/dashboard/jobs/stripe/")`)
	b.shows("main", "1 of 1")
	b.shows("main .badge", "done")
	b.clean()
}

func TestAFailureIsDiscardedWithAReasonAndComesBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.create(object{"name": "Alan Turing", "email": "alan@example"})
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard/failures")
	b.press("main", "Discard")
	b.shows("#dialog h1", "Discard 1 customer?")
	b.accessible("the dialog")
	b.do(chromedp.SendKeys(chromedp.CSS(`#dialog input[name="reason"]`), "a test account"))
	b.press("#dialog", "Discard 1 customer")
	b.until("its job", `location.pathname.startsWith("/dashboard/jobs/stripe/")`)
	b.shows("main .badge", "done")
	b.visit("/dashboard/failures")
	b.shows("main", "Nothing failed.")
	b.visit("/dashboard")
	b.shows("h1", "0 of 1 customers are the same on both sides.")
	b.press("main", "1 discarded")
	b.press("main", "Alan Turing")
	b.shows("main", "(ada) accepts that this customer is not in sync with Stripe: a test account")
	b.shows(".timeline", "a test account")
	b.accessible("the customer's page")

	s.patch(id, object{"email": "alan@turing.example"})

	b.shows("main .badge", "in sync")
	b.clean()
}

func TestAConflictIsResolved(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, stripeID := s.create(object{"name": "Grace Hopper", "phone": "+1 212 555 0111"})
	s.conflict(id, stripeID)
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard/customers/"+id)
	b.shows("main .badge", "conflict")
	b.accessible("a customer with a conflict")
	b.press("main", "Choose a value")
	b.until("the conflicts, live", `location.pathname === "/dashboard/conflicts" && document.documentElement.dataset.live === "on"`)
	b.shows("main", "+1 212 555 0100")
	b.press("main", "Take Stripe’s value")
	b.shows("#say", "Settled")
	b.shows("main", "Nothing waits.")
	b.visit("/dashboard/customers/" + id)
	b.shows("main", "the same on both sides")
	b.shows(".same tbody", "+1 212 555 0199")
	b.clean()
}

func TestWorkersAreScaled(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard/workers")
	b.shows(".tiles", "3")
	b.do(chromedp.SetValue(chromedp.CSS(`input[name="workers"]`), "8"))
	b.press("main", "Apply")
	b.until("8 workers run", `document.querySelector(".tiles strong").innerText === "8"`)
	b.shows("main", "applied on 1 of 1")
	b.shows("main", "(ada)")
	b.visit("/dashboard/audit")
	b.shows("main", "(ada)")
	b.clean()
}

func TestADirectionIsPausedAndResumed(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard")
	b.press("main", "Pause")
	b.shows("#dialog h1", "Stop writing to Stripe?")
	b.press("#dialog", "Pause")
	b.shows("main", "Paused: changes made in the catalog wait")
	b.press("main", "Resume")
	b.until("flows", `!document.querySelector("main").innerText.includes("Paused")`)
	b.clean()
}

func TestADrainIsNamedUntilItIsEnded(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard/workers")
	b.press("main", "Drain")
	b.shows("main .badge.warn", "draining")
	b.shows("#say", "take nothing new")
	b.visit("/dashboard")
	b.shows("main", "The connector of Stripe is draining: an operator lets it take nothing new.")
	b.accessible("the overview while it drains")
	b.press("main", "End it on Workers")
	b.until("the workers, live", `location.pathname === "/dashboard/workers" && document.documentElement.dataset.live === "on"`)
	b.press("main", "Take work again")
	b.until("flows", `!document.querySelector("main").innerText.includes("draining")`)
	b.clean()
}

func TestAServiceThatGoesAwayIsToldOfAndComesBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := open(t, s.console.URL)
	b.logIn("vera", "/dashboard")
	s.connector.Stop(t)
	b.shows("main", "The stripe connector cannot be reached")
	b.shows("main", "What is written waits and is not lost.")
	b.visit("/dashboard/customers")
	b.shows("main", "The stripe connector cannot be reached")
	b.clean()
}

func TestASessionThatEndedLeadsToTheDoorAndBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard/workers")
	b.press("header", "ada")
	b.press("#user", "Log out")
	b.shows("h1", "Log in to the console")
	b.logIn("ada", "/dashboard/workers")
	run[any](b, `fetch("/logout", {method: "POST"}).then(() => null)`) // as in another window
	b.until("the open page notices", `location.pathname + location.search === "/login?next=%2Fdashboard%2Fworkers"`)
	b.logIn("ada", "/dashboard/workers")
	b.clean()
}
