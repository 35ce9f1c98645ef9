# De alarmen: wat er mis is, met cijfer en norm, en wat het betekent. Grafana vult in, als het alarm afgaat.
alarm-longest-wait = Langste wachttijd boven de norm
alarm-longest-wait-summary = { $cluster }: er wacht iemand al { $seconds }, de norm is { $norm_seconds }.
alarm-longest-wait-about = Al minstens een halve minuut wacht er een beller langer dan de norm. Zet iemand bij.

alarm-average-wait = Gemiddelde wachttijd boven de norm
alarm-average-wait-summary = { $cluster }: gemiddeld { $seconds } wachten over 15 minuten, de norm is { $norm_seconds }.
alarm-average-wait-about = Van minstens vijf beantwoorde oproepen. Dit is drukte, geen enkele beller die pech heeft.

alarm-desk-wait = Wachttijd aan het loket boven de norm
alarm-desk-wait-summary = { $cluster }: bezoekers wachten gemiddeld { $seconds } over een uur, de norm is { $norm_seconds }.
alarm-desk-wait-about = Van minstens drie bezoekers met een afspraak, vanaf het geplande begin. De planning loopt uit.

alarm-service-level-hour = Te veel trage antwoorden dit uur
alarm-service-level-hour-summary = { $cluster }: trage antwoorden gaan { $times } keer te snel voor de norm van { $norm_percent }.
alarm-service-level-hour-about = Over het laatste uur en nog steeds over het laatste kwartier, van minstens twintig oproepen.

alarm-service-level-month = De maand haalt de norm voor snelheid niet
alarm-service-level-month-summary = { $cluster }: trage antwoorden gaan { $times } keer te snel voor de norm van { $norm_percent }.
alarm-service-level-month-about = Deze maand tot nu toe, en ook vandaag. Bekijk in het maandbeeld op welke uren het misgaat.

alarm-missed-calls-hour = Te veel gemiste oproepen dit uur
alarm-missed-calls-hour-summary = { $cluster }: gemiste oproepen gaan { $times } keer te snel voor de norm van hoogstens { $norm_percent }.
alarm-missed-calls-hour-about = Over het laatste uur en nog steeds over het laatste kwartier, van minstens twintig oproepen.

alarm-missed-calls-year = Het jaar haalt de norm voor gemiste oproepen niet
alarm-missed-calls-year-summary = { $cluster }: gemiste oproepen gaan { $times } keer te snel voor de norm van hoogstens { $norm_percent }.
alarm-missed-calls-year-about = Dit jaar tot nu toe, en ook vandaag. Het maandbeeld toont hoeveel er nog gemist mogen worden.

alarm-feed-silent = Toevoer stil
alarm-feed-silent-summary = Al { $seconds } geen bericht van de centrale of de loketten.
alarm-feed-silent-about = Op een kalm moment kan dat. Blijft het stil, dan kloppen de cijfers op de muur niet meer.

alarm-feed-lost = Toevoer uitgevallen
alarm-feed-lost-summary = Topic { $topic }: al { $seconds } geen bericht, veel langer dan bij deze drukte kan.
alarm-feed-lost-about = De muur toont oude cijfers: een stille toevoer lijkt op niemand die wacht. Kijk naar de bron.

alarm-monitor-down = Wachtmonitor antwoordt niet
alarm-monitor-down-summary = Er komen geen cijfers: Prometheus bereikt geen enkele worker, of antwoordt zelf niet.
alarm-monitor-down-about = De muur in Grafana staat stil, andere alarmen zwijgen. Start de workers of Prometheus opnieuw.

alarm-partitions-without-worker = Een deel van de oproepen wordt niet gelezen
alarm-partitions-without-worker-summary = Partities van topic { $topic } zonder worker: { $count }.
alarm-partitions-without-worker-about = Alle cijfers zijn te laag. Na een storing neemt een andere worker ze binnen tien seconden over.

alarm-monitor-behind = Wachtmonitor loopt achter
alarm-monitor-behind-summary = Ongelezen berichten op topic { $topic }, al een minuut: minstens { $count }.
alarm-monitor-behind-about = De cijfers zijn oud. Een worker leest er duizenden per seconde, dus er houdt hem iets tegen.

alarm-checkpoint-overdue = Wachtmonitor kan zijn stand niet wegschrijven
alarm-checkpoint-overdue-summary = Topic { $topic }: het laatste controlepunt is { $seconds } oud.
alarm-checkpoint-overdue-about = De cijfers kloppen, maar na een herstart leest de worker alles opnieuw. Kijk naar Kafka.

alarm-source-refused = Een bron wordt geweigerd
alarm-source-refused-summary = Het meeste dat op topic { $topic } binnenkomt wordt geweigerd; berichten geweigerd in 15 minuten: { $count }.
alarm-source-refused-about = Het telt nergens mee: de cijfers zijn te laag. De wand van de workers en /health zeggen waarom en wat te doen.

alarm-feed-faulty = Fout in een topic
alarm-feed-faulty-summary = Topic { $topic } op Kafka: { $fault }.
alarm-feed-faulty-about = De cijfers kunnen fout zijn. De wand van de workers, /health en wachtmonitor check zeggen wat te doen.
alarm-fault-keys-split = bronnen verdelen de sleutels verschillend, contacten tellen mogelijk dubbel
alarm-fault-partitions-raised = meer partities dan voordien, lopende contacten tellen mogelijk dubbel
alarm-fault-transaction-hangs = de transactie van een bron eindigt niet, niets daarna wordt gelezen
alarm-fault-topic-anew = opnieuw aangemaakt, of Kafka verloor berichten: niets wordt geteld
alarm-fault-offsets-set = de leesplaatsen zijn met de hand verzet: dat verandert niets, geen cijfer is er fout door

alarm-source-away = Bron weg
alarm-source-away-summary = Bron { $source } is niet verbonden, of niemand volgt ze.
alarm-source-away-about = Wat daar gebeurt, staat intussen niet in de cijfers. De wand en /health van de workers zeggen waarom, en ook /health van haar volger.

alarm-records-rejected = Berichten geweigerd
alarm-records-rejected-summary = Berichten op topic { $topic } geweigerd in 15 minuten: { $count }.
alarm-records-rejected-about = Ze tellen nergens mee. De reden staat bij elk bericht op het topic dead-letters.

alarm-records-lost = Berichten verloren
alarm-records-lost-summary = Berichten op topic { $topic } verwijderd voor iemand ze las: { $count }.
alarm-records-lost-about = Kafka bewaarde ze niet lang genoeg. Elk cijfer mist ze, ook dat van de maand.

alarm-partitions-doubled = Prometheus telt oproepen dubbel
alarm-partitions-doubled-summary = Partities van topic { $topic } die Prometheus van twee plaatsen leest: { $count }.
alarm-partitions-doubled-about = De cijfers in Grafana zijn te hoog. De muur van de workers zelf en het rapport kloppen.

alarm-labels-renamed = Prometheus hernoemt labels
alarm-labels-renamed-summary = Reeksen die Prometheus onder andere labels bewaart dan de workers tonen: minstens { $count }.
alarm-labels-renamed-about = Grafana gooit clusters op een hoop. De muur van de workers zelf en het rapport kloppen.

# Wat in elk bericht staat.
alarm-severity-critical = Alarm
alarm-severity-warning = Waarschuwing
alarm-severity-info = Melding
alarm-over = Opgelost
alarm-where = : { $place }
alarm-since = Sinds { $begin }.
alarm-lasted = Opgelost{ $where }, van { $begin } tot { $end }.
alarm-wall = Muur:
alarm-runbook = Draaiboek:
alarm-section = deel
