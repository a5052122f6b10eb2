package e2e

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/contract/client"
)

// as is the generated client with a caller's token.
func (w *world) as(t *testing.T, token string) *client.ClientWithResponses {
	t.Helper()
	c, err := client.NewClientWithResponses(w.apiURL, client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
	require.NoError(t, err)
	return c
}

// TestAGeneratedClientRegistersADeveloper from the first call to the approval, with nothing but what a public generator has
// made of the document.
func TestAGeneratedClientRegistersADeveloper(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	platform, who, ctx := w.as(t, "platform"), somebody(t), t.Context()
	account, key, english := newAccount("acct-"), "open-1", client.OpenRegistrationBodyLocaleEn

	application := client.OpenRegistrationBody{
		AccountID: account, Kind: client.OpenRegistrationBodyKindIndividual, Name: "Harbour Light", RegisteredEmail: who.Email, Phone: who.Phone, Locale: &english,
	}
	opened, err := platform.OpenRegistrationWithResponse(ctx, &client.OpenRegistrationParams{IdempotencyKey: &key}, application)
	require.NoError(t, err)
	require.NotNil(t, opened.JSON201, "%s", opened.Body)
	id := opened.JSON201.ID
	require.Equal(t, "/v1/registrations/"+id, opened.Headers201.Location)
	require.Equal(t, client.RegistrationStateIdentityRequired, opened.JSON201.State)
	require.Nil(t, opened.JSON201.Identity)

	second, err := platform.OpenRegistrationWithResponse(ctx, nil, application)
	require.NoError(t, err)
	require.Equal(t, client.ProblemCodeRegistrationExists, second.ApplicationProblemJSON409.Code, "%s", second.Body)

	card, err := platform.HandInCardWithResponse(ctx, id, nil, client.HandInCardBody{
		CardNumber: card("622202"), HolderName: who.Name, IDNumber: who.IDNumber, Phone: who.Phone, PaymentPassword: "135790",
	})
	require.NoError(t, err)
	require.NotNil(t, card.JSON200, "%s", card.Body)
	require.Equal(t, client.RegistrationStateCardCodeRequired, card.JSON200.State)

	code := (&reg{world: w, t: t, who: who}).smsCode()
	confirmed, err := platform.ConfirmCardCodeWithResponse(ctx, id, nil, client.ConfirmCodeBody{Code: code})
	require.NoError(t, err)
	require.NotNil(t, confirmed.JSON200, "%s", confirmed.Body)
	require.Equal(t, client.DebitCard, confirmed.JSON200.Identity.Method)
	require.Len(t, confirmed.JSON200.Requirements, 3)

	address := "北京市朝阳区例示路1号"
	contact, err := platform.SetContactWithResponse(ctx, id, nil, client.SetContactBody{Email: &who.Email, Phone: &who.Phone, Address: &address})
	require.NoError(t, err)
	require.NotNil(t, contact.JSON200, "%s", contact.Body)
	for _, slot := range []client.PutDocumentParamsSlot{client.PutDocumentParamsSlotIDCardFront, client.PutDocumentParamsSlotIDCardBack} {
		uploaded, err := platform.PutDocumentWithBodyWithResponse(ctx, id, slot, nil, "image/png", bytes.NewReader(scan(string(slot))))
		require.NoError(t, err)
		require.NotNil(t, uploaded.JSON200, "%s", uploaded.Body)
		require.Equal(t, client.DocumentReceiptContentTypeImagePng, uploaded.JSON200.ContentType)
	}
	submitted, err := platform.SubmitRegistrationWithResponse(ctx, id, nil)
	require.NoError(t, err)
	require.NotNil(t, submitted.JSON200, "%s", submitted.Body)
	require.Equal(t, client.RegistrationStateUnderReview, submitted.JSON200.State)

	decided, err := w.as(t, "reviewer").DecideReviewWithResponse(ctx, id, nil, client.DecideReviewBody{Decision: client.DecideReviewBodyDecisionApprove})
	require.NoError(t, err)
	require.NotNil(t, decided.JSON200, "%s", decided.Body)
	standing, err := platform.GetAccountWithResponse(ctx, account)
	require.NoError(t, err)
	require.Equal(t, client.AccountStandingActive, standing.JSON200.Standing)

	timeline, err := platform.GetTimelineWithResponse(ctx, id)
	require.NoError(t, err)
	require.NotEmpty(t, timeline.JSON200.Items)
	limit := int64(1)
	page, err := platform.ListRegistrationsWithResponse(ctx, &client.ListRegistrationsParams{Limit: &limit})
	require.NoError(t, err)
	require.Len(t, page.JSON200.Items, 1)
}
