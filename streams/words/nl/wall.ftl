# Het scherm aan de wand.
wall-title = { product-name }: wachttijden op dit moment
wall-connecting = verbinden…
wall-connecting-notice = Verbinden met de monitor…
wall-unreachable = Geen verbinding met de monitor. Nieuwe poging…
wall-needs-script = Deze pagina heeft JavaScript nodig.
wall-demo = Demo: geen actuele cijfers

# Of de cijfers die van nu zijn.
wall-live = ● live
wall-closed = ■ gesloten
wall-closed-today = ■ vandaag gesloten
wall-catching-up = ▲ haalt achterstand in
wall-lost = ✕ geen verbinding
wall-problem = ✕ { $problem }
wall-age = gegevens van { $duration } geleden
wall-age-to-read = gegevens van { $duration } geleden · nog { $lag } te lezen
wall-behind = loopt { $duration } achter · nog { $lag } te lezen
wall-no-data-yet = nog geen gegevens ontvangen

# Voor wie het scherm hoort.
wall-says-problem = { $problem }.
wall-says-stale = De gegevens zijn verouderd.
wall-says-above = Boven norm: { $clusters }.
wall-says-none-above = Geen gemiddelde wacht boven norm.

# Over de bladen, als niet alles op één blad past.
wall-above = Boven norm: { $count } van { $total }
wall-page = blad { $page } van { $pages }
wall-part = { $first }–{ $last } van { $total }

# Normen.
wall-norm-below = norm < { $norm }
wall-norm-at-most = norm ≤ { $norm }
wall-norm-at-least = norm ≥ { $norm }
wall-norm-within = ≥ { $norm } binnen { $bound }
wall-within-norm = ✓ binnen norm
wall-norm-reached = ✓ norm gehaald
wall-above-norm = ▲ boven norm
wall-below-norm = ▼ onder norm

wall-closed-window = gesloten
wall-nothing = –

# De telefoon.
wall-phone-title = telefoon
wall-phone-place = lijn
wall-phone-waiting = wachtend nu
wall-phone-longest = langste wacht nu
wall-phone-average = gemiddeld { $minutes } min
wall-phone-within = binnen { $bound } vandaag
wall-phone-in-time = op tijd vandaag
wall-phone-missed = gemist vandaag
wall-phone-answered-count = { $count } beantwoord
wall-phone-missed-count = { $count ->
    [one] { $count } oproep
   *[other] { $count } oproepen
}
wall-phone-without-short = zonder korte: { $share }
wall-phone-none = geen oproepen
wall-phone-none-answered = geen beantwoorde oproepen

# De loketten.
wall-desk-title = Loketten
wall-desk-place = loket
wall-staff-free = { $free } vrij van { $count }
wall-desks-open = { $count ->
    [one] { $count } loket open
   *[other] { $count } loketten open
}
wall-desk-waiting = wachtend
wall-desk-longest = langste wacht nu
wall-desk-average = gemiddeld { $minutes } min
wall-desk-average-today = gemiddeld vandaag
wall-desk-visits = vandaag { $served } op afspraak, { $walkins } zonder afspraak, { $noshows } niet gekomen
wall-desk-none = geen bezoekers
wall-desk-no-appointments = geen afspraken
