//! The pages in French. In the source, too, the spaces at which no line may
//! break are seen.

use super::{Book, Clock, HostedDomain, Words};

const CHOOSE: &str = "Choisir un autre compte Google";
const TRY_AGAIN: &str = "Réessayer";
const LOOK_AGAIN: &str = "Vérifier de nouveau";
const TO_THE_NAS: &str = "Aller sur le NAS";
const ASK: &str = "Choisissez un autre compte Google, ou adressez-vous à la personne qui \
                   s’occupe du NAS.";
const SEE_LOG: Option<&str> =
    Some("La raison est dans le journal, aux lignes qui portent cette référence.");

pub(super) static BOOK: Book = Book {
    signed_in_as: "Vous avez choisi le compte Google",
    caretaker: "Pour la personne qui s’occupe du NAS",
    reference: "Référence\u{a0}:",
    slow: "Le NAS a été lent à répondre\u{a0}: ce qui vient d’y être changé ne compte peut-être pas \
           encore. Attendez une minute, puis réessayez.",
    slow_action: "Réessayer, ou choisir un autre compte",
    hosted_domain: HostedDomain {
        is: "Le domaine de ce compte (attribut `hd` de Google) est `{}`.",
        none: "Ce compte n’appartient à aucun domaine : Google n’envoie pas d’attribut `hd`.",
    },
    alias_without_user: "Dans la configuration, `users.alias` mène de cette adresse à un utilisateur que \
                         DSM ne compte pas parmi ses utilisateurs locaux\u{a0}: {}. Corrigez-y le nom de \
                         l’utilisateur\u{a0}; les utilisateurs de domaine et LDAP ne sont pas lus. `sudo -u \
                         google-to-synology-sso google-to-synology-sso users` affiche les noms.",
    reserved: "Un autre compte Google ayant cette adresse est lié à l’utilisateur {}, supprimé ou renommé \
               dans DSM. Si ce compte Google est maintenant le bon, supprimez ce lien\u{a0}: `sudo -u \
               google-to-synology-sso google-to-synology-sso links remove` {}.",
    clock: Clock {
        fast: "d’avance",
        slow: "de retard",
        days: "jours",
        years: "ans",
    },
    landing: Words {
        title: "Se connecter avec Google\u{a0}: {}",
        paragraphs: &[
            "Cette page sert seulement à se connecter\u{a0}: il n’y a rien à faire ici.",
            "Allez sur le NAS et choisissez-y le bouton Google.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    bad_request: Words {
        title: "Ce lien de connexion n’est pas correct",
        paragraphs: &[
            "Le NAS vous a envoyé ici avec une demande que cette page ne comprend pas. Ce n’est \
             pas votre faute.",
            "Allez sur le NAS et choisissez de nouveau le bouton Google. Si vous revenez ici, \
             parlez-en à la personne qui s’occupe du NAS.",
        ],
        action: TO_THE_NAS,
        mend: Some(
            "Les réglages SSO de DSM et la configuration de ce service ne concordent pas. La raison \
             est dans le journal, aux lignes qui portent cette référence.",
        ),
    },
    unknown_client: "DSM a envoyé l’ID d’application {asked}, et la configuration indique {known} sous \
                     `clients.id`. Corrigez l’un des deux\u{a0}; celui de DSM est dans Panneau de \
                     configuration > Domaine/LDAP > Client SSO.",
    unregistered_redirect: "DSM a envoyé l’URI de redirection {asked}, et la configuration indique \
                            {known} sous `clients.redirect-uris`. Corrigez l’un des deux\u{a0}; \
                            celui de DSM est dans Panneau de configuration > Domaine/LDAP > Client \
                            SSO.",
    bad_callback: Words {
        title: "Cette réponse de Google est incomplète",
        paragraphs: &[
            "Il manque une partie de ce que Google envoie.",
            "Allez sur le NAS et choisissez de nouveau le bouton Google. Si cela se reproduit, \
             parlez-en à la personne qui s’occupe du NAS.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    no_such_login: Words {
        title: "Cette tentative de connexion a expiré",
        paragraphs: &[
            "Elle a duré trop longtemps, ou elle a été commencée dans un autre navigateur, ou ce \
             navigateur refuse les cookies.",
            "Allez sur le NAS et choisissez de nouveau le bouton Google. Si cela se reproduit à \
             chaque fois, adressez-vous à la personne qui s’occupe du NAS.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    already_used: Words {
        title: "Ce lien de connexion a déjà été utilisé",
        paragraphs: &[
            "Un lien de connexion ne peut servir qu’une fois. Cette page a peut-être été rechargée.",
            "Si le NAS ne s’est pas ouvert, allez-y et choisissez de nouveau le bouton Google.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    google_failed: Words {
        title: "Google n’a pas répondu comme prévu",
        paragraphs: &[
            "Votre compte n’est pas en cause.",
            "Attendez un instant, puis réessayez. Si cela se reproduit, parlez-en à la personne \
             qui s’occupe du NAS.",
        ],
        action: TRY_AGAIN,
        mend: SEE_LOG,
    },
    google_rejects_us: Words {
        title: "Google n’accepte pas ce service de connexion",
        paragraphs: &[
            "Un de ses réglages chez Google est incorrect ou a changé. Votre compte n’est pas en \
             cause.",
            "En attendant, connectez-vous au NAS avec votre nom et votre mot de passe, et prévenez \
             la personne qui s’occupe du NAS.",
        ],
        action: TRY_AGAIN,
        mend: SEE_LOG,
    },
    google_credentials: "Google a répondu {}\u{a0}: l’ID client ou le code secret du client est \
                         incorrect. Comparez `google.client-id` et le fichier indiqué sous \
                         `google.client-secret-file` avec la console Google, puis tapez \
                         `sudo -u google-to-synology-sso google-to-synology-sso reload`.",
    google_redirect_uri: "Google a répondu {}\u{a0}: ajoutez {known} aux URI de redirection \
                          autorisés du client dans la console Google.",
    google_client: "Google a répondu {}\u{a0}: dans la console Google, le client doit être activé \
                    et de type Application Web.",
    too_many: Words {
        title: "Trop d’essais",
        paragraphs: &[
            "Trop de connexions ont été commencées d’ici en peu de temps.",
            "Attendez une minute, puis allez sur le NAS et choisissez de nouveau le bouton Google.",
        ],
        action: TO_THE_NAS,
        mend: Some(
            "Si personne n’a essayé si souvent, tout le monde semble venir du même endroit\u{a0}: \
             nommez le proxy dans `listen.trusted-proxies` de la configuration.",
        ),
    },
    broken: Words {
        title: "Quelque chose s’est mal passé ici",
        paragraphs: &[
            "Ce n’est pas votre faute.",
            "Attendez un instant, puis allez sur le NAS et réessayez. Si cela se reproduit, \
             parlez-en à la personne qui s’occupe du NAS.",
        ],
        action: TO_THE_NAS,
        mend: SEE_LOG,
    },
    not_found: Words {
        title: "Il n’y a rien ici",
        paragraphs: &[
            "Il manque peut-être une partie de l’adresse de cette page.",
            "Pour vous connecter, allez sur le NAS et choisissez-y le bouton Google.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    not_set_up: Words {
        title: "La connexion avec Google n’est pas encore configurée",
        paragraphs: &[
            "En attendant, connectez-vous au NAS avec votre nom et votre mot de passe.",
            "La personne qui s’occupe du NAS trouve ci-dessous ce qu’il y a à faire.",
        ],
        action: LOOK_AGAIN,
        mend: Some(
            "Les questions de l’installation sont restées sans réponse. Soit désinstallez le paquet \
             dans le Centre de paquets et installez-le de nouveau\u{a0}: elles seront reposées. Soit \
             tapez `sudo -u google-to-synology-sso google-to-synology-sso setup` sur le NAS, par \
             SSH. Il n’y aura rien à démarrer\u{a0}: le service démarre de lui-même.",
        ),
    },
    set_up_wrongly: Words {
        title: "La connexion avec Google est mal configurée",
        paragraphs: &[
            "En attendant, connectez-vous au NAS avec votre nom et votre mot de passe.",
            "La personne qui s’occupe du NAS trouve ci-dessous ce qu’il y a à faire.",
        ],
        action: LOOK_AGAIN,
        mend: Some(
            "La configuration est là, mais elle n’est pas bonne. À corriger\u{a0}: {}. Sur le NAS, \
             `sudo -u google-to-synology-sso google-to-synology-sso check` dit ce qui ne va pas, et \
             le journal aussi. Il n’y aura rien à démarrer\u{a0}: le service démarre de lui-même.",
        ),
    },
    address_missing: Words {
        title: "Ce compte Google n’a pas d’adresse e-mail",
        paragraphs: &[
            "Le NAS reconnaît les personnes à leur adresse e-mail, et Google n’en a envoyé aucune \
             pour ce compte.",
            ASK,
        ],
        action: CHOOSE,
        mend: Some("Le jeton d’identité de Google est valide, mais il n’a pas de champ `email`."),
    },
    address_not_verified: Words {
        title: "Google n’a pas vérifié cette adresse",
        paragraphs: &[
            "Google ne garantit pas que cette adresse est à vous.",
            "Ouvrez votre compte Google, confirmez-y l’adresse, puis revenez et réessayez. Si vous \
             ne savez pas comment faire, adressez-vous à la personne qui s’occupe du NAS.",
        ],
        action: CHOOSE,
        mend: None,
    },
    address_unknown: Words {
        title: "Le NAS ne connaît pas ce compte Google",
        paragraphs: &[
            "Personne sur le NAS n’a cette adresse.",
            "Si vous avez un autre compte Google, choisissez-le. Sinon, demandez à la personne qui \
             s’occupe du NAS d’ajouter cette adresse.",
        ],
        action: CHOOSE,
        mend: Some(
            "Panneau de configuration > Utilisateur et groupe\u{a0}: donnez cette adresse à \
             l’utilisateur. Elle comptera à l’essai suivant.",
        ),
    },
    address_ambiguous: Words {
        title: "Plusieurs personnes du NAS ont cette adresse",
        paragraphs: &["Le NAS ne peut donc pas savoir laquelle vous êtes.", ASK],
        action: CHOOSE,
        mend: Some(
            "Panneau de configuration > Utilisateur et groupe\u{a0}: plusieurs utilisateurs ont cette \
             adresse. Laissez-la à un seul. Cela comptera à l’essai suivant.",
        ),
    },
    domain_not_allowed: Words {
        title: "Ce compte Google n’appartient pas à la bonne organisation",
        paragraphs: &[
            "Le NAS n’accepte que les comptes Google de certaines organisations, comme une école \
             ou une entreprise.",
            "Choisissez le compte que vous avez là-bas, ou adressez-vous à la personne qui \
             s’occupe du NAS.",
        ],
        action: CHOOSE,
        mend: Some(
            "`google.hosted-domains` dans la configuration énumère les domaines autorisés. {}",
        ),
    },
    address_not_authoritative: Words {
        title: "Le NAS ne peut pas se fier à cette adresse",
        paragraphs: &[
            "Cette adresse n’est pas gérée par Google, et le NAS ne se fie qu’aux adresses gérées \
             par Google.",
            "Choisissez un compte Google dont l’adresse finit par gmail.com, ou adressez-vous \
             à la personne qui s’occupe du NAS.",
        ],
        action: CHOOSE,
        mend: Some(
            "Un alias sous `users.alias` dans la configuration laisse entrer cette adresse\u{a0}; c’est \
             `google.authoritative-addresses-only` qui la refuse.",
        ),
    },
    account_disabled: Words {
        title: "Votre compte sur le NAS est désactivé",
        paragraphs: &[
            "Le NAS connaît cette adresse, mais le compte est désactivé.",
            ASK,
        ],
        action: CHOOSE,
        mend: Some(
            "Panneau de configuration > Utilisateur et groupe\u{a0}: modifiez l’utilisateur qui a cette \
             adresse\u{a0}; son compte y est désactivé.",
        ),
    },
    account_expired: Words {
        title: "Votre compte sur le NAS a expiré",
        paragraphs: &[
            "Le NAS connaît cette adresse, mais le compte ne devait durer que jusqu’à un certain \
             jour.",
            ASK,
        ],
        action: CHOOSE,
        mend: Some(
            "Panneau de configuration > Utilisateur et groupe\u{a0}: modifiez l’utilisateur qui a cette \
             adresse\u{a0}; son compte y a un dernier jour, qui est passé.",
        ),
    },
    account_denied: Words {
        title: "Ce compte du NAS ne peut pas servir avec Google",
        paragraphs: &[
            "Cette adresse appartient à un compte du NAS que personne ne peut utiliser avec Google.",
            ASK,
        ],
        action: CHOOSE,
        mend: Some(
            "L’utilisateur qui a cette adresse est dans `users.deny` de la configuration, ou c’est \
             `admin`, `guest` ou `root`, avec lesquels personne ne se connecte par Google.",
        ),
    },
    administrator_refused: Words {
        title: "Ici, les administrateurs ne se connectent pas avec Google",
        paragraphs: &[
            "Cette adresse appartient à un administrateur du NAS.",
            "Retournez sur le NAS et connectez-vous-y avec nom et mot de passe, choisissez un \
             autre compte Google, ou adressez-vous à la personne qui s’occupe du NAS.",
        ],
        action: CHOOSE,
        mend: Some(
            "`users.administrators` dans la configuration dit si les administrateurs y ont droit.",
        ),
    },
    linked_to_another: Words {
        title: "Un autre compte Google sert déjà pour cette personne",
        paragraphs: &[
            "Quelqu’un sur le NAS a cette adresse, mais se connecte avec un autre compte Google, \
             qui avait la même adresse.",
            "Si cet autre compte est à vous, choisissez-le. S’il n’existe plus et que celui-ci est \
             votre nouveau compte, adressez-vous à la personne qui s’occupe du NAS.",
        ],
        action: CHOOSE,
        mend: Some(
            "Si ce compte Google est désormais le bon, oubliez l’autre\u{a0}: \
             `sudo -u google-to-synology-sso google-to-synology-sso links remove UTILISATEUR`.",
        ),
    },
    directory_stale: Words {
        title: "Le NAS n’est pas encore prêt",
        paragraphs: &[
            "Il n’a pas encore dit qui peut se connecter. Il est peut-être en train de démarrer.",
            "Attendez une minute, puis réessayez. Si cela dure, parlez-en à la personne qui \
             s’occupe du NAS.",
        ],
        action: TRY_AGAIN,
        mend: Some(
            "`sudo -u google-to-synology-sso google-to-synology-sso status` dit pourquoi les \
             utilisateurs de DSM ne peuvent pas être lus.",
        ),
    },
    clock_wrong: Words {
        title: "L’horloge du NAS n’est pas à l’heure",
        paragraphs: &[
            "Elle a {} par rapport à celle de Google, et le NAS croit les réponses de Google trop \
             vieilles ou trop récentes. Votre compte n’est pas en cause.",
            "Dites-le à la personne qui s’occupe du NAS, et réessayez quand l’horloge sera à \
             l’heure.",
        ],
        action: TRY_AGAIN,
        mend: Some(
            "Panneau de configuration > Options régionales > Heure\u{a0}: synchroniser avec un serveur \
             NTP.",
        ),
    },
};
