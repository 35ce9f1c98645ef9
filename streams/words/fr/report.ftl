# Le rapport d'un mois ou d'une année : texte, page et tableur.
report-title = Délais d'attente { $period }
report-title-provisional = { $title } (provisoire)
report-file-name = delais-attente-{ $month }
report-year-subtitle = { $months } mois avec des chiffres, dont { $closed ->
    [one] { $closed } clôturé
   *[other] { $closed } clôturés
}.

report-caption = { $caption } :
report-all = tous ensemble
report-all-phone = tous ensemble : appels
report-all-desk = tous ensemble : visites
report-all-of = tous ensemble : { $feed }
report-channel = { CAPITAL($feed) }
report-yes = oui
report-no = non
report-no-norm = pas de norme
report-no-figure = pas de chiffre
report-none = néant
report-period-to = { $first } à { $last }

unit-seconds = { $number } s
unit-minutes = { $number } min
unit-workdays = { $form ->
    [one] { $number } jour ouvrable
   *[other] { $number } jours ouvrables
}
unit-within = { $norm } { $within }

# Les indicateurs.
indicator-visitor-wait = Délai d'attente des visiteurs par groupe d'activités
indicator-visitor-wait-text = Début du rendez-vous moins le début prévu. Chaque minute après le début prévu compte ; qui passe en avance compte pour 0. La moyenne de tous les visiteurs reçus sur rendez-vous.
indicator-call-wait = Délai d'attente moyen des appels répondus
indicator-call-wait-text = De l'appel jusqu'à la réponse d'un collaborateur. Uniquement les appels répondus.
indicator-service-level = Niveau de service : appels répondus par catégorie de rapidité
indicator-service-level-text = Part des appels répondus par catégorie de délai d'attente. Une catégorie comprend sa limite supérieure. La norme porte sur la part des appels répondus dans le délai fixé.
indicator-missed-share = Taux d'appels manqués
indicator-missed-share-text = Appels sans réponse divisés par tous les appels, parmi les appels reçus pendant les heures d'ouverture. À cause d'une erreur de logiciel, le central enregistre aussi comme manqués des appels avant et après les heures d'ouverture : ils ne sont pas comptés et figurent à part, avec la raison.
indicator-lead-time = Délai d'obtention d'un rendez-vous
indicator-lead-time-text = Jours ouvrables entre la demande d'un rendez-vous et le jour pour lequel il est prévu. Les week-ends, les jours fériés et les jours de fermeture ne sont pas des jours ouvrables. La moyenne de tous les rendez-vous demandés pendant la période. La norme du plan d'action vaut pour la ville : tous les groupes ensemble.
indicator-of-month = mois
indicator-of-year = année
contacts-of-visitor-wait = { $count ->
    [one] { $count } visiteur
   *[other] { $count } visiteurs
}
contacts-of-call-wait = { $count ->
    [one] { $count } répondu
   *[other] { $count } répondus
}
contacts-of-service-level = { $count ->
    [one] { $count } répondu
   *[other] { $count } répondus
}
contacts-of-missed-share = { $count ->
    [one] { $count } appel
   *[other] { $count } appels
}
contacts-of-lead-time = { $count ->
    [one] { $count } demande
   *[other] { $count } demandes
}

report-indicators = Indicateurs
report-indicator = Indicateur
report-cluster = Groupe
report-figure = Chiffre
report-norm = Norme
report-norm-met = Norme atteinte ?
report-made-from = Calculé sur
report-year-norm = { $indicator } : la norme vaut pour l'année, et le chiffre est celui de janvier à { $month } inclus.
report-month-norms = Les autres indicateurs ont une norme mensuelle : le chiffre de l'année est donné à titre de comparaison, l'évaluation par mois figure ci-dessous.
report-norms-by-month = Normes par mois
report-norms-by-month-text = À côté de chaque chiffre est indiqué si la norme de ce mois est atteinte.
report-months-met = norme atteinte
report-met-of = { $met } sur { $judged }
report-in-workdays = { $indicator }, en jours ouvrables

# Le téléphone.
report-seconds-category = { $category } s
report-answered = répondus
report-answered-by-wait = Appels répondus par délai d'attente en secondes ({ $cluster })
report-answered-later = répondus plus tard
report-within-bound = en { $bound } s
report-within-own-bound = dans la limite de la ligne
report-after-bound = après { $bound } s
report-after-own-bound = après la limite de la ligne
report-formulas = Niveau de service selon d'autres formules
report-formulas-text = Plusieurs formules sont en usage dans le métier. La formule officielle de la ville est la première.
report-formula = Formule
report-official = officielle
report-share = Part
report-calls = Appels
formula-answered = répondus { $within } / répondus
formula-offered = répondus { $within } / (répondus + manqués)
formula-short-abandoned-good = (répondus + manqués { $within }) / (répondus + manqués)
formula-short-abandoned-left-out = répondus { $within } / (répondus + manqués { $after })
report-short-abandons = Appels manqués sans les abandons courts
report-short-abandons-text = Qui raccroche en { $bound } s est un abandon court. Le taux officiel d'appels manqués compte ces appels ; ce second chiffre les écarte, des appels manqués et de tous les appels. Là où il n'y en a pas, une partie des appels a été comptée avant que la configuration ne nomme la limite.
report-official-share = taux (officiel)
report-short-abandons-count = abandons courts
report-without-short = manqués sans eux
report-share-without-short = taux sans eux
report-callbacks = Rappels, et réponses venues trop tard
report-callbacks-text = Qui a demandé pendant l'attente à être rappelé n'est ni répondu ni manqué. Répondus trop tard : les appels manqués suivis d'une réponse alors que l'appelant avait raccroché ; s'il y en a beaucoup, la source se trompe.
report-callbacks-requested = rappels demandés
report-called-back = rappelés
report-called-back-after = rappelés après, en moyenne
report-answered-too-late = répondus trop tard

# Les guichets.
report-desks = Aux guichets
report-desks-punctuality = La ponctualité est la moyenne du début réel moins le début prévu ; une avance compte négativement.
report-desks-experienced = L'attente vécue court à partir du dernier de l'arrivée et du début prévu, si l'arrivée est connue.
report-served = reçus
report-punctuality = ponctualité
report-experienced = attente vécue
report-walk-ins = sans rendez-vous
report-walk-in-wait = attente sans rendez-vous
report-walk-ins-left = partis
report-no-shows = absents
report-cancelled = annulés
report-requests = demandes
report-within-norm = dans la norme
report-beyond = Sortis de la salle, ou réorientés vers un autre guichet
report-beyond-text = Les sortis de la salle avaient un rendez-vous ; leur attente court du dernier de l'arrivée et du début prévu jusqu'au départ, si l'arrivée est connue. Qui est réorienté avec le même ticket attend une deuxième fois, dans la ligne du deuxième guichet, à partir de l'arrivée là ou sinon de la fin au premier guichet.
report-left = sortis de la salle
report-left-wait = attente jusque-là
report-onward = réorientés
report-onward-wait = attente sur place
report-onward-left = partis de là

# La dispersion.
report-spread = Dispersion des délais d'attente
report-spread-text = La moitié n'a pas attendu plus longtemps que la médiane, 90 % pas plus longtemps que le 90e centile. Contrairement à une moyenne, ils ne dépendent pas de quelques très longues attentes. Il n'y a pas de norme.
report-spread-error = Leur précision est de { $error } de leur valeur.
report-spread-phone = Appels répondus
report-spread-desk = Visiteurs sur rendez-vous
report-spread-by-month = { $of }, { $quantile } par mois
report-spread-from = calculé sur
report-median = médiane
report-percentile = { $percent }e centile

# Les mois et les années.
report-months = Les mois de { $year }
report-month = Mois
report-month-calls = appels
report-month-missed = manqués
report-month-wait = délai d'attente moyen
report-month-visitors = visiteurs
report-month-desk-wait = attente au guichet
report-missed-by-month = Taux d'appels manqués par mois, { $year }
report-wait-by-month = Délai d'attente moyen des appels répondus par mois, { $year }
report-norm-for-year = norme annuelle { $norm }
report-norm-is = norme { $norm }
report-history = Appels manqués au fil des années
report-history-chart = Taux d'appels manqués par année
report-year = Année
report-source = Source
report-missed = Manqués
report-out-of = Sur
report-measured = mesuré
report-reported = publié
report-month-count = { $count } mois
report-budget = Budget et comptes du plan d'action
report-budget-chart = Dépenses du plan d'action en euros
report-kind = Type
report-expenses = Dépenses
report-balance = Solde d'exploitation
budget-accounts = comptes
budget-budget = budget

# Sur quoi reposent les chiffres.
report-excluded = Non comptés
report-excluded-text = Ces appels et visites ne figurent dans aucun autre chiffre de ce rapport.
report-impossible-requests = Demandes dont le jour prévu précède le jour de la demande : { $count }.
report-reused-ids = Numéros réutilisés ({ $contacts }) : { $count }. Chaque contact compte séparément.
report-unclear-ids = Numéros ({ $contacts }) qui peuvent être ceux de plusieurs contacts, sans qu'on puisse le dire : { $count }. Chacun compte pour un contact ; que la source donne à chaque contact un numéro propre, comme le jour et le numéro d'ordre.
report-together = total
exclusion-outside-opening-hours = en dehors des heures d'ouverture
exclusion-closing-day = un jour férié ou de fermeture
exclusion-unresolved = issue inconnue
exclusion-implausible = heures impossibles

report-coverage = Couverture
report-coverage-unknown = Pour cette période, les moments d'arrivée des événements n'ont pas été enregistrés.
report-coverage-text = Une heure de l'horloge sans aucun événement est silencieuse : le flux a pu être perturbé.
report-silent = Silence des { $feed } : { $hours }.
report-silent-more = Silence des { $feed } : { $hours } et encore { $more ->
    [one] { $more } autre fois
   *[other] { $more } autres fois
}.
report-feed = Flux
report-opening-hours = heures d'ouverture
report-silent-hours = heures silencieuses
report-silent-opening-time = dont heures d'ouverture (h)
feed-phone = appels
feed-desk = tickets

report-closing = Clôture et faits tardifs
report-month-status = { CAPITAL($month) } : { $status }
report-status-open = Pas encore clôturé : les chiffres sont provisoires.
report-status-reopened = Rouvert : les chiffres sont provisoires jusqu'à la nouvelle clôture du mois.
report-status-otherwise = Attention : comptage encore selon d'autres normes, heures ou règles que celles d'après lesquelles les chiffres sont jugés ici : { $sources }.
report-status-closed = Clôturé le { $moment } (définitions version { $version }).
report-status-behind = { $count ->
    [one] À ce moment, { $count } message n'était pas encore traité : il manque.
   *[other] À ce moment, { $count } messages n'étaient pas encore traités : ils manquent.
}
report-late-facts = Faits concernant ce mois arrivés par la suite, y compris répétés, non comptés : { $count }.
report-step-closed-itself = { CAPITAL($month) } a été clôturé automatiquement le { $moment }
report-step-closed-by = { CAPITAL($month) } a été clôturé le { $moment } par { $by }
report-step-reopened-itself = { CAPITAL($month) } a été rouvert automatiquement le { $moment }
report-step-reopened-by = { CAPITAL($month) } a été rouvert le { $moment } par { $by }
report-step-why = { $step } : { $why }
report-step-end = { $step }.

report-late = Faits tardifs, non comptés
report-partition = Partition
report-facts = Faits
report-late-difference = Différence avec les chiffres clôturés
report-no-difference = aucune différence
difference-unbounded = { $what } sans limite
difference-up-to = { $what } { $seconds } s
difference-reason = { $what } ({ $reason })

# Ce que comptent les totaux d'un mois.
count-answered = répondus
count-missed = manqués
count-missed-wait-ms = attente des manqués
count-answered-too-late = répondus trop tard
count-callbacks-requested = rappels demandés
count-called-back = rappelés
count-called-back-after-ms = délai de rappel
count-wait-ms = attente
count-within-norm = dans la norme
count-speed-categories = répondus jusqu'à
count-missed-categories = manqués jusqu'à
count-missed-short = manqués en
count-missed-long = manqués après
count-excluded = non comptés
count-reused-ids = numéros réutilisés
count-unclear-ids = numéros peut-être de plusieurs
count-served = reçus
count-signed-ms = ponctualité
count-experienced = avec arrivée connue
count-experienced-ms = attente vécue
count-walk-ins = sans rendez-vous
count-walk-in-wait-ms = attente sans rendez-vous
count-walk-ins-left = partis
count-no-shows = absents
count-cancelled = annulés
count-left = sortis de la salle
count-left-arrived = sortis de la salle, arrivée connue
count-left-wait-ms = attente des sortis de la salle
count-onward = reçus après réorientation
count-onward-wait-ms = attente après réorientation
count-onward-left = partis après réorientation
count-requests = demandes
count-lead-days = jours ouvrables
count-requests-within-norm = demandes dans la norme
count-implausible-requests = demandes avec un jour impossible

# La configuration.
report-settings = Définitions et configuration appliquées
report-definition-version = Version des définitions : { $versions }. Fuseau horaire : { $zones }.
report-closing-days = Jours fériés et jours de fermeture : { $days }.
report-no-days = aucun
report-definition = Définition
report-definition-period = Période
report-day = Jour
report-hours = Heures d'ouverture
report-hours-of-line = { $day }, { $line }
report-closed = fermé
report-norms-changed = Normes modifiées au cours de l'année
report-norm-of-cluster = { $indicator } ({ $cluster })
