# Les alarmes : ce qui ne va pas, avec le chiffre et la norme, et ce que cela signifie. Grafana remplit au déclenchement.
alarm-longest-wait = Plus longue attente hors norme
alarm-longest-wait-summary = { $cluster } : quelqu'un attend déjà depuis { $seconds }, la norme est de { $norm_seconds }.
alarm-longest-wait-about = Depuis au moins une demi-minute, un appelant attend plus longtemps que la norme. Renforcez l'équipe.

alarm-average-wait = Attente moyenne hors norme
alarm-average-wait-summary = { $cluster } : { $seconds } d'attente en moyenne sur 15 minutes, la norme est de { $norm_seconds }.
alarm-average-wait-about = Sur au moins cinq appels répondus. C'est de l'affluence, pas un appelant malchanceux.

alarm-desk-wait = Attente au guichet hors norme
alarm-desk-wait-summary = { $cluster } : les visiteurs attendent { $seconds } en moyenne sur une heure, la norme est de { $norm_seconds }.
alarm-desk-wait-about = Pour au moins trois visiteurs sur rendez-vous, à partir du début prévu. Le planning prend du retard.

alarm-service-level-hour = Trop de réponses lentes cette heure
alarm-service-level-hour-summary = { $cluster } : les réponses lentes épuisent la marge de la norme { $times } fois trop vite (norme { $norm_percent }).
alarm-service-level-hour-about = Sur la dernière heure et encore sur le dernier quart d'heure, d'au moins vingt appels.

alarm-service-level-month = Le mois n'atteint pas la norme de rapidité
alarm-service-level-month-summary = { $cluster } : les réponses lentes épuisent la marge de la norme { $times } fois trop vite (norme { $norm_percent }).
alarm-service-level-month-about = Ce mois jusqu'à présent, et aujourd'hui aussi. Voyez sur le tableau Équipe à quelles heures cela ne va pas.

alarm-missed-calls-hour = Trop d'appels manqués cette heure
alarm-missed-calls-hour-summary = { $cluster } : les appels manqués épuisent la marge de la norme { $times } fois trop vite (norme { $norm_percent } au plus).
alarm-missed-calls-hour-about = Sur la dernière heure et encore sur le dernier quart d'heure, d'au moins vingt appels.

alarm-missed-calls-year = L'année n'atteint pas la norme d'appels manqués
alarm-missed-calls-year-summary = { $cluster } : les appels manqués épuisent la marge de la norme { $times } fois trop vite (norme { $norm_percent } au plus).
alarm-missed-calls-year-about = Cette année jusqu'à présent, et aujourd'hui aussi. Le tableau Mois montre combien peuvent encore être manqués.

alarm-feed-silent = Flux silencieux
alarm-feed-silent-summary = Aucun message du central ou des guichets depuis { $seconds }.
alarm-feed-silent-about = C'est possible à un moment calme. Si le silence dure, les chiffres de l'écran mural ne sont plus justes.

alarm-feed-lost = Flux interrompu
alarm-feed-lost-summary = Topic { $topic } : aucun message depuis { $seconds }, bien plus que possible avec cette affluence.
alarm-feed-lost-about = L'écran mural montre d'anciens chiffres : un flux silencieux donne l'impression que personne n'attend. Voyez la source.

alarm-monitor-down = Wachtmonitor ne répond pas
alarm-monitor-down-summary = Aucun chiffre n'arrive : Prometheus n'atteint aucun worker, ou ne répond pas lui-même.
alarm-monitor-down-about = L'écran mural de Grafana est figé, les autres alarmes se taisent. Redémarrez les workers ou Prometheus.

alarm-partitions-without-worker = Une partie des appels n'est pas lue
alarm-partitions-without-worker-summary = Partitions du topic { $topic } sans worker : { $count }.
alarm-partitions-without-worker-about = Tous les chiffres sont trop bas. Après une panne, un autre worker les reprend dans les dix secondes.

alarm-monitor-behind = Wachtmonitor est en retard
alarm-monitor-behind-summary = Messages non lus sur le topic { $topic } depuis une minute : au moins { $count }.
alarm-monitor-behind-about = Les chiffres sont anciens. Un worker en lit des milliers par seconde, quelque chose le retient donc.

alarm-checkpoint-overdue = Wachtmonitor ne peut pas enregistrer son état
alarm-checkpoint-overdue-summary = Topic { $topic } : le dernier point de contrôle date de { $seconds }.
alarm-checkpoint-overdue-about = Les chiffres sont justes, mais après un redémarrage le worker relit tout. Voyez Kafka.

alarm-source-refused = Une source est refusée
alarm-source-refused-summary = La plupart des messages du topic { $topic } sont refusés ; messages refusés en 15 minutes : { $count }.
alarm-source-refused-about = Ils ne comptent nulle part : les chiffres sont trop bas. L'écran mural des workers et /health disent pourquoi et que faire.

alarm-feed-faulty = Topic défaillant
alarm-feed-faulty-summary = Topic { $topic } sur Kafka : { $fault }.
alarm-feed-faulty-about = Les chiffres peuvent être faux. L'écran mural des workers, /health et wachtmonitor check disent que faire.
alarm-fault-keys-split = les sources répartissent les clés autrement, des contacts comptent peut-être double
alarm-fault-partitions-raised = plus de partitions, des contacts en cours comptent peut-être double
alarm-fault-transaction-hangs = la transaction d'une source ne se termine pas, rien après elle n'est lu
alarm-fault-topic-anew = recréé, ou Kafka a perdu des messages : rien n'est compté
alarm-fault-offsets-set = ses positions de lecture ont été modifiées à la main : cela ne change rien et aucun chiffre n'est faux

alarm-source-away = Source absente
alarm-source-away-summary = La source { $source } n'est pas connectée, ou personne ne la suit.
alarm-source-away-about = Ce qui s'y passe manque entre-temps dans les chiffres. L'écran mural et /health des workers disent pourquoi, et /health de son suiveur aussi.

alarm-records-rejected = Messages refusés
alarm-records-rejected-summary = Messages refusés sur le topic { $topic } en 15 minutes : { $count }.
alarm-records-rejected-about = Ils ne comptent nulle part. Le motif accompagne chaque message sur le topic dead-letters.

alarm-records-lost = Messages perdus
alarm-records-lost-summary = Messages du topic { $topic } supprimés avant d'être lus : { $count }.
alarm-records-lost-about = Kafka ne les a pas gardés assez longtemps. Ils manquent à chaque chiffre, y compris celui du mois.

alarm-partitions-doubled = Prometheus compte des appels en double
alarm-partitions-doubled-summary = Partitions du topic { $topic } que Prometheus lit à deux endroits : { $count }.
alarm-partitions-doubled-about = Les chiffres de Grafana sont trop élevés. L'écran mural des workers et le rapport sont justes.

alarm-labels-renamed = Prometheus renomme des étiquettes
alarm-labels-renamed-summary = Séries que Prometheus garde sous d'autres étiquettes que celles des workers : au moins { $count }.
alarm-labels-renamed-about = Grafana mélange les groupes d'activités. L'écran mural des workers et le rapport sont justes.

# Ce qui figure dans chaque message.
alarm-severity-critical = Alarme
alarm-severity-warning = Avertissement
alarm-severity-info = Information
alarm-over = Résolu
alarm-where =  : { $place }
alarm-since = Depuis le { $begin }.
alarm-lasted = Résolu{ $where }, du { $begin } à { $end }.
alarm-wall = Écran mural :
alarm-runbook = Manuel d'intervention :
alarm-section = section
