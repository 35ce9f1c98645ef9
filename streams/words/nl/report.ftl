# Het verslag van een maand of een jaar: tekst, pagina en rekenblad.
report-title = Wachttijden { $period }
report-title-provisional = { $title } (voorlopig)
report-file-name = wachttijden-{ $month }
report-year-subtitle = { $months ->
    [one] { $months } maand
   *[other] { $months } maanden
} met cijfers, waarvan { $closed } afgesloten.

report-caption = { $caption }:
report-all = alle samen
report-all-phone = alle samen: oproepen
report-all-desk = alle samen: bezoeken
report-all-of = alle samen: { $feed }
report-channel = { CAPITAL($feed) }
report-yes = ja
report-no = nee
report-no-norm = geen norm
report-no-figure = geen cijfer
report-none = geen
report-period-to = { $first } t.e.m. { $last }

unit-seconds = { $number } s
unit-minutes = { $number } min
unit-workdays = { $form ->
    [one] { $number } werkdag
   *[other] { $number } werkdagen
}
unit-within = { $norm } { $within }

# De indicatoren.
indicator-visitor-wait = Bezoekerswachttijd per activiteitcluster
indicator-visitor-wait-text = Begin van de afspraak min het geplande begin. Elke minuut na het geplande begin telt; wie te vroeg aan de beurt is, telt als 0. Het gemiddelde over alle ontvangen bezoekers met een afspraak.
indicator-call-wait = Gemiddelde wachttijd beantwoorde oproepen
indicator-call-wait-text = Van het inbellen tot een medewerker antwoordt. Alleen beantwoorde oproepen.
indicator-service-level = Beantwoorde oproepen naar snelheidscategorie
indicator-service-level-text = Aandeel van de beantwoorde oproepen per categorie van wachttijd. Een categorie bevat haar bovengrens. De norm geldt voor het aandeel dat binnen de norm voor de snelheid is beantwoord.
indicator-missed-share = Aandeel gemiste oproepen
indicator-missed-share-text = Onbeantwoorde oproepen gedeeld door alle oproepen, van de oproepen die binnen de openingsuren inbelden. De centrale registreert door een softwarefout ook oproepen voor en na de openingsuren als gemist: die tellen niet mee en staan apart, met de reden.
indicator-lead-time = Wachttijd tot het verkrijgen van een afspraak
indicator-lead-time-text = Werkdagen tussen het vragen van een afspraak en de dag waarop ze gepland is. Weekends, feestdagen en sluitingsdagen zijn geen werkdagen. Het gemiddelde over alle afspraken die in de periode gevraagd zijn. De norm van het actieplan geldt voor de stad: alle clusters samen.
indicator-of-month = maand
indicator-of-year = jaar
contacts-of-visitor-wait = { $count ->
    [one] { $count } bezoeker
   *[other] { $count } bezoekers
}
contacts-of-call-wait = { $count } beantwoord
contacts-of-service-level = { $count } beantwoord
contacts-of-missed-share = { $count ->
    [one] { $count } oproep
   *[other] { $count } oproepen
}
contacts-of-lead-time = { $count ->
    [one] { $count } aanvraag
   *[other] { $count } aanvragen
}

report-indicators = Indicatoren
report-indicator = Indicator
report-cluster = Cluster
report-figure = Cijfer
report-norm = Norm
report-norm-met = Norm gehaald?
report-made-from = Gemaakt uit
report-year-norm = { $indicator }: de norm is er een voor het jaar, en het cijfer dat van januari tot en met { $month }.
report-month-norms = De andere indicatoren hebben een norm voor de maand: het cijfer van het jaar staat erbij om te vergelijken, het oordeel per maand staat hieronder.
report-norms-by-month = Normen per maand
report-norms-by-month-text = Naast elk cijfer staat of de norm van die maand gehaald is.
report-months-met = norm gehaald
report-met-of = { $met } van { $judged }
report-in-workdays = { $indicator }, in werkdagen

# De telefoon.
report-seconds-category = { $category } s
report-answered = beantwoord
report-answered-by-wait = Beantwoorde oproepen naar wachttijd in seconden ({ $cluster })
report-answered-later = later beantwoord
report-within-bound = binnen { $bound } s
report-within-own-bound = binnen de grens van de lijn
report-after-bound = na { $bound } s
report-after-own-bound = na de grens van de lijn
report-formulas = Serviceniveau volgens andere formules
report-formulas-text = In het vak zijn verschillende formules in gebruik. De officiële van de stad is de eerste.
report-formula = Formule
report-official = officieel
report-share = Aandeel
report-calls = Oproepen
formula-answered = beantwoord { $within } / beantwoord
formula-offered = beantwoord { $within } / (beantwoord + opgehangen)
formula-short-abandoned-good = (beantwoord + opgehangen { $within }) / (beantwoord + opgehangen)
formula-short-abandoned-left-out = beantwoord { $within } / (beantwoord + opgehangen { $after })
report-short-abandons = Gemiste oproepen zonder korte ophangers
report-short-abandons-text = Wie binnen { $bound } s ophangt, is een korte ophanger. Het officiële aandeel gemiste oproepen telt die oproepen mee; dit tweede cijfer laat ze weg, bij de gemiste oproepen en bij alle oproepen. Waar er geen staat, werd een deel van de oproepen geteld voor de instellingen de grens noemden.
report-official-share = aandeel (officieel)
report-short-abandons-count = korte ophangers
report-without-short = gemist zonder hen
report-share-without-short = aandeel zonder hen
report-callbacks = Terugbelverzoeken, en antwoord dat te laat kwam
report-callbacks-text = Wie tijdens het wachten vroeg om teruggebeld te worden, is beantwoord noch gemist. Te laat beantwoord zijn gemiste oproepen waarop een antwoord kwam nadat de beller had opgehangen: zijn het er veel, dan zegt de bron het verkeerd.
report-callbacks-requested = terugbellen gevraagd
report-called-back = teruggebeld
report-called-back-after = gemiddeld teruggebeld na
report-answered-too-late = te laat beantwoord

# De loketten.
report-desks = Aan de loketten
report-desks-punctuality = Stiptheid is het gemiddelde van werkelijk min gepland begin, waarbij te vroeg negatief telt.
report-desks-experienced = De ervaren wachttijd loopt vanaf het laatste van aankomst en gepland begin, als de aankomst bekend is.
report-served = ontvangen
report-punctuality = stiptheid
report-experienced = ervaren wachttijd
report-walk-ins = zonder afspraak
report-walk-in-wait = wachttijd zonder afspraak
report-walk-ins-left = weggegaan
report-no-shows = niet gekomen
report-cancelled = geannuleerd
report-requests = aanvragen
report-within-norm = binnen norm
report-beyond = De zaal uit, of doorverwezen naar een ander loket
report-beyond-text = Wie de zaal uit ging had een afspraak, en wachtte vanaf het laatste van aankomst en gepland begin tot het vertrek, als de aankomst bekend is. Wie met hetzelfde ticket is doorverwezen wacht een tweede keer, in de rij van het tweede loket, vanaf de aankomst daar of anders vanaf het einde aan het eerste loket.
report-left = de zaal uit
report-left-wait = tot dan gewacht
report-onward = doorverwezen
report-onward-wait = wachttijd daar
report-onward-left = daar weggegaan

# De spreiding.
report-spread = Spreiding van de wachttijd
report-spread-text = De helft wachtte niet langer dan de mediaan, 90 % niet langer dan het 90e percentiel. Anders dan een gemiddelde hangen ze niet af van enkele heel lange wachten. Er is geen norm voor.
report-spread-error = Ze zijn tot op { $error } van hun waarde nauwkeurig.
report-spread-phone = Beantwoorde oproepen
report-spread-desk = Bezoekers met een afspraak
report-spread-by-month = { $of }, { $quantile } per maand
report-spread-from = gemaakt uit
report-median = mediaan
report-percentile = { $percent }e percentiel

# De maanden en de jaren.
report-months = De maanden van { $year }
report-month = Maand
report-month-calls = oproepen
report-month-missed = gemist
report-month-wait = gemiddelde wachttijd
report-month-visitors = bezoekers
report-month-desk-wait = wachttijd loket
report-missed-by-month = Aandeel gemiste oproepen per maand, { $year }
report-wait-by-month = Gemiddelde wachttijd van beantwoorde oproepen per maand, { $year }
report-norm-for-year = norm voor het jaar { $norm }
report-norm-is = norm { $norm }
report-history = Gemiste oproepen door de jaren
report-history-chart = Aandeel gemiste oproepen per jaar
report-year = Jaar
report-source = Bron
report-missed = Gemist
report-out-of = Uit
report-measured = gemeten
report-reported = gerapporteerd
report-month-count = { $count ->
    [one] { $count } maand
   *[other] { $count } maanden
}
report-budget = Budget en rekeningen van het actieplan
report-budget-chart = Uitgaven van het actieplan in euro
report-kind = Soort
report-expenses = Uitgaven
report-balance = Exploitatiesaldo
budget-accounts = rekening
budget-budget = budget

# Waar de cijfers op berusten.
report-excluded = Niet meegeteld
report-excluded-text = Deze oproepen en bezoeken staan in geen enkel ander cijfer van dit verslag.
report-impossible-requests = Aanvragen met een geplande dag voor de dag van de aanvraag: { $count }.
report-reused-ids = Opnieuw gebruikte nummers van { $contacts }: { $count }. Elk contact telt apart.
report-unclear-ids = Nummers van { $contacts } die van meer dan een contact kunnen zijn, wat niet te zien is: { $count }. Elk telt als een contact; laat de bron elk contact een eigen nummer geven, zoals de dag en het volgnummer.
report-together = samen
exclusion-outside-opening-hours = buiten de openingsuren
exclusion-closing-day = op een feestdag of sluitingsdag
exclusion-unresolved = afloop onbekend
exclusion-implausible = onmogelijke tijden

report-coverage = Dekking
report-coverage-unknown = Voor deze periode is niet vastgelegd wanneer er gebeurtenissen binnenkwamen.
report-coverage-text = Een uur van de klok waarin geen enkele gebeurtenis viel, is stil: de aanvoer kan gestoord zijn geweest.
report-silent = Stil bij de { $feed }: { $hours }.
report-silent-more = Stil bij de { $feed }: { $hours } en nog { $more ->
    [one] { $more } andere keer
   *[other] { $more } andere keren
}.
report-feed = Aanvoer
report-opening-hours = openingsuren
report-silent-hours = stille uren
report-silent-opening-time = openingstijd daarin (u)
feed-phone = oproepen
feed-desk = tickets

report-closing = Afsluiting en laattijdige feiten
report-month-status = { CAPITAL($month) }: { $status }
report-status-open = Nog niet afgesloten: de cijfers zijn voorlopig.
report-status-reopened = Heropend: de cijfers zijn voorlopig tot de maand weer wordt afgesloten.
report-status-otherwise = Let op: nog geteld volgens andere normen, uren of regels dan die waarnaar het cijfer hier beoordeeld wordt: { $sources }.
report-status-closed = Afgesloten op { $moment } (definities versie { $version }).
report-status-behind = { $count ->
    [one] Toen was { $count } bericht nog niet verwerkt: dat ontbreekt.
   *[other] Toen waren { $count } berichten nog niet verwerkt: die ontbreken.
}
report-late-facts = Feiten over deze maand die daarna nog binnenkwamen, ook herhaalde, niet meegeteld: { $count }.
report-step-closed-itself = { CAPITAL($month) } is op { $moment } vanzelf afgesloten
report-step-closed-by = { CAPITAL($month) } is op { $moment } afgesloten door { $by }
report-step-reopened-itself = { CAPITAL($month) } is op { $moment } vanzelf heropend
report-step-reopened-by = { CAPITAL($month) } is op { $moment } heropend door { $by }
report-step-why = { $step }: { $why }
report-step-end = { $step }.

report-late = Laattijdige feiten, niet meegeteld
report-partition = Partitie
report-facts = Feiten
report-late-difference = Verschil met de afgesloten cijfers
report-no-difference = geen verschil
difference-unbounded = { $what } onbeperkt
difference-up-to = { $what } { $seconds } s
difference-reason = { $what } ({ $reason })

# Wat de totalen van een maand tellen.
count-answered = beantwoord
count-missed = gemist
count-missed-wait-ms = wachttijd van gemiste
count-answered-too-late = te laat beantwoord
count-callbacks-requested = teruggebeld willen worden
count-called-back = teruggebeld
count-called-back-after-ms = tijd tot terugbellen
count-wait-ms = wachttijd
count-within-norm = binnen de norm
count-speed-categories = beantwoord tot
count-missed-categories = gemist tot
count-missed-short = gemist binnen
count-missed-long = gemist na
count-excluded = niet meegeteld
count-reused-ids = opnieuw gebruikte nummers
count-unclear-ids = nummers die van meer kunnen zijn
count-served = ontvangen
count-signed-ms = stiptheid
count-experienced = met bekende aankomst
count-experienced-ms = ervaren wachttijd
count-walk-ins = zonder afspraak
count-walk-in-wait-ms = wachttijd zonder afspraak
count-walk-ins-left = weggegaan
count-no-shows = niet gekomen
count-cancelled = geannuleerd
count-left = de zaal uit
count-left-arrived = de zaal uit, aankomst bekend
count-left-wait-ms = wachttijd van wie de zaal uit ging
count-onward = ontvangen na doorverwijzing
count-onward-wait-ms = wachttijd na doorverwijzing
count-onward-left = weggegaan na doorverwijzing
count-requests = aanvragen
count-lead-days = werkdagen
count-requests-within-norm = aanvragen binnen de norm
count-implausible-requests = aanvragen met onmogelijke dag

# De instellingen.
report-settings = Definities en instellingen die telden
report-definition-version = Versie van de definities: { $versions }. Tijdzone: { $zones }.
report-closing-days = Feestdagen en sluitingsdagen: { $days }.
report-no-days = geen
report-definition = Definitie
report-definition-period = Periode
report-day = Dag
report-hours = Openingsuren
report-hours-of-line = { $day }, { $line }
report-closed = gesloten
report-norms-changed = Normen die in de loop van het jaar veranderden
report-norm-of-cluster = { $indicator } ({ $cluster })
