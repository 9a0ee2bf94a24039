//! The pages in French. The source shows non-breaking spaces as `\u{a0}`.

use super::{Labels, Words};
use crate::http::pages::Page;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Detail, Refusal};
use domain::signin::google::ClientFault;

pub(super) static LABELS: Labels = Labels {
    signed_in_as: "Vous avez choisi le compte Google",
    administrator: "Pour la personne qui s’occupe du NAS",
    reference: "Référence\u{a0}:",
    slow: "Le NAS a été lent à répondre\u{a0}: une modification toute récente n’est peut-être pas \
           encore prise en compte. Attendez une minute, puis réessayez.",
    slow_action: "Réessayer, ou choisir un autre compte",
    clock_fast: "d’avance",
    clock_slow: "de retard",
    days: "jours",
    years: "ans",
};

const CHOOSE: &str = "Choisir un autre compte Google";
const TRY_AGAIN: &str = "Réessayer";
const CHECK_AGAIN: &str = "Vérifier à nouveau";
const TO_THE_NAS: &str = "Aller sur le NAS";
const ASK: &str = "Choisissez un autre compte Google, ou adressez-vous à la personne qui \
                   s’occupe du NAS.";
const UNTIL_THEN: &str =
    "En attendant, connectez-vous au NAS avec votre nom d’utilisateur et votre mot de passe.";
const STEPS_BELOW: &str = "La personne qui s’occupe du NAS trouvera ci-dessous la marche à suivre.";
const SEE_LOG: &str = "La cause figure dans le journal, aux lignes qui portent cette référence.";

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn words(page: &Page<'_>) -> Words {
    match page {
        Page::Landing { .. } => Words {
            title: "Se connecter avec Google\u{a0}: {name}",
            paragraphs: &[
                "Cette page ne sert que pendant une connexion\u{a0}: il n’y a rien à faire ici.",
                "Allez sur le NAS et cliquez sur le bouton Google.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::BadRequest { error } => Words {
            title: "Ce lien de connexion n’est pas correct",
            paragraphs: &[
                "Le NAS vous a envoyé ici avec une demande que ce service ne peut pas traiter. Vous \
                 n’y êtes pour rien.",
                "Allez sur le NAS et cliquez à nouveau sur le bouton Google. Si vous revenez ici, \
                 prévenez la personne qui s’occupe du NAS.",
            ],
            action: TO_THE_NAS,
            advice: match error {
                Some(UntrustedRequest::UnknownClient { .. }) => {
                    "DSM a envoyé l’ID d’application {asked}, et la configuration indique {known} \
                     sous `clients.id`. Corrigez l’un des deux\u{a0}; celui de DSM se trouve dans \
                     Panneau de configuration > Domaine/LDAP > Client SSO."
                }
                Some(UntrustedRequest::UnregisteredRedirect { .. }) => {
                    "DSM a envoyé l’URI de redirection {asked}, et la configuration indique \
                     {known} sous `clients.redirect-uris`. Corrigez l’une des deux\u{a0}; celle de \
                     DSM se trouve dans Panneau de configuration > Domaine/LDAP > Client SSO."
                }
                Some(UntrustedRequest::Parameter(_) | UntrustedRequest::TooLong(_)) | None => {
                    "Les paramètres SSO de DSM et la configuration de ce service ne concordent \
                     pas. La cause figure dans le journal, aux lignes qui portent cette référence."
                }
            },
        },
        Page::BadCallback => Words {
            title: "Cette réponse de Google est incomplète",
            paragraphs: &[
                "Il manque une partie des informations que Google envoie.",
                "Allez sur le NAS et cliquez à nouveau sur le bouton Google. Si cela se reproduit, \
                 prévenez la personne qui s’occupe du NAS.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::NoSuchLogin => Words {
            title: "Cette tentative de connexion a expiré",
            paragraphs: &[
                "Elle a duré trop longtemps, elle a été commencée dans un autre navigateur, ou ce \
                 navigateur bloque les cookies.",
                "Allez sur le NAS et cliquez à nouveau sur le bouton Google. Si cela se reproduit à \
                 chaque fois, adressez-vous à la personne qui s’occupe du NAS.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::AlreadyUsed => Words {
            title: "Ce lien de connexion a déjà été utilisé",
            paragraphs: &[
                "Un lien de connexion ne peut servir qu’une fois. Cette page a peut-être été \
                 rechargée.",
                "Si vous n’êtes pas encore connecté, allez sur le NAS et cliquez à nouveau sur le \
                 bouton Google.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::GoogleFailed { .. } => Words {
            title: "Google n’a pas répondu comme prévu",
            paragraphs: &[
                "Votre compte n’est pas en cause.",
                "Attendez un instant, puis réessayez. Si cela se reproduit, prévenez la personne \
                 qui s’occupe du NAS.",
            ],
            action: TRY_AGAIN,
            advice: SEE_LOG,
        },
        Page::GoogleRejectsUs { fault, .. } => Words {
            title: "Google n’accepte pas ce service de connexion",
            paragraphs: &[
                "Un de ses réglages chez Google est incorrect ou a changé. Votre compte n’est pas \
                 en cause.",
                "En attendant, connectez-vous au NAS avec votre nom d’utilisateur et votre mot de \
                 passe, et prévenez la personne qui s’occupe du NAS.",
            ],
            action: TRY_AGAIN,
            advice: match fault {
                ClientFault::Credentials => {
                    "Google a répondu {code}\u{a0}: l’ID client ou le code secret du client est \
                     incorrect. Comparez `google.client-id` et le fichier indiqué sous \
                     `google.client-secret-file` avec la console Google, puis exécutez \
                     `sudo -u google-to-synology-sso google-to-synology-sso reload`."
                }
                ClientFault::RedirectUri => {
                    "Google a répondu {code}\u{a0}: dans la console Google, ajoutez {redirect_uri} \
                     aux URI de redirection autorisés du client."
                }
                ClientFault::Other(_) => {
                    "Google a répondu {code}\u{a0}: dans la console Google, le client doit être \
                     activé et de type Application Web."
                }
            },
        },
        Page::Refused {
            refusal: Refusal::AddressNotVerified,
            address: None,
            ..
        } => Words {
            title: "Ce compte Google n’a pas d’adresse e-mail",
            paragraphs: &[
                "Le NAS reconnaît les personnes à leur adresse e-mail, et Google n’en a envoyé \
                 aucune pour ce compte.",
                ASK,
            ],
            action: CHOOSE,
            advice: "Le jeton d’identité de Google est valide, mais il n’a pas d’attribut `email`.",
        },
        Page::Refused {
            refusal, detail, ..
        } => refused(*refusal, *detail),
        Page::TooMany => Words {
            title: "Trop de tentatives",
            paragraphs: &[
                "Trop de connexions ont été commencées d’ici en peu de temps.",
                "Attendez une minute, puis allez sur le NAS et cliquez à nouveau sur le bouton \
                 Google.",
            ],
            action: TO_THE_NAS,
            advice: "S’il y a eu peu de tentatives, tous les utilisateurs semblent peut-être avoir \
                     la même adresse\u{a0}: ajoutez le proxy à `listen.trusted-proxies` dans la \
                     configuration.",
        },
        Page::Broken => Words {
            title: "Une erreur s’est produite",
            paragraphs: &[
                "Vous n’y êtes pour rien.",
                "Attendez un instant, puis allez sur le NAS et réessayez. Si cela se reproduit, \
                 prévenez la personne qui s’occupe du NAS.",
            ],
            action: TO_THE_NAS,
            advice: SEE_LOG,
        },
        Page::NotFound => Words {
            title: "Il n’y a rien ici",
            paragraphs: &[
                "Il manque peut-être une partie de l’adresse de cette page.",
                "Pour vous connecter, allez sur le NAS et cliquez sur le bouton Google.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::NotSetUp => Words {
            title: "La connexion avec Google n’est pas encore configurée",
            paragraphs: &[UNTIL_THEN, STEPS_BELOW],
            action: CHECK_AGAIN,
            advice: "Les questions de l’installation sont restées sans réponse. Vous pouvez \
                     désinstaller le paquet dans le Centre de paquets et l’installer à \
                     nouveau\u{a0}: elles seront reposées. Ou bien, sur le NAS, exécutez par SSH \
                     `sudo -u google-to-synology-sso google-to-synology-sso setup`. Le service \
                     démarre ensuite de lui-même.",
        },
        Page::SetUpWrongly { .. } => Words {
            title: "La connexion avec Google est mal configurée",
            paragraphs: &[UNTIL_THEN, STEPS_BELOW],
            action: CHECK_AGAIN,
            advice: "La configuration n’est pas valide. À corriger\u{a0}: {places}. Sur le NAS, \
                     `sudo -u google-to-synology-sso google-to-synology-sso check` indique ce qui \
                     ne va pas, de même que le journal. Le service démarre ensuite de lui-même.",
        },
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn refused(refusal: Refusal, detail: Option<&Detail>) -> Words {
    match refusal {
        Refusal::AddressNotVerified => Words {
            title: "Google n’a pas vérifié cette adresse",
            paragraphs: &[
                "Google ne garantit pas que cette adresse est à vous.",
                "Ouvrez votre compte Google, confirmez-y l’adresse, puis revenez et réessayez. Si \
                 vous ne savez pas comment faire, adressez-vous à la personne qui s’occupe du NAS.",
            ],
            action: CHOOSE,
            advice: "",
        },
        Refusal::AddressUnknown => Words {
            title: "Le NAS ne connaît pas ce compte Google",
            paragraphs: &[
                "Aucun utilisateur du NAS n’a cette adresse.",
                "Si vous avez un autre compte Google, choisissez-le. Sinon, demandez à la personne \
                 qui s’occupe du NAS d’ajouter cette adresse.",
            ],
            action: CHOOSE,
            advice: match detail {
                Some(Detail::AliasWithoutUser { .. }) => {
                    "Dans la configuration, `users.alias` associe cette adresse à un utilisateur \
                     qui ne figure pas parmi les utilisateurs locaux de DSM\u{a0}: {alias}. \
                     Corrigez-y le nom de l’utilisateur\u{a0}; les utilisateurs de domaine et LDAP \
                     ne sont pas lus. \
                     `sudo -u google-to-synology-sso google-to-synology-sso users` affiche les \
                     noms."
                }
                Some(Detail::HostedDomain(_) | Detail::Reserved(_)) | None => {
                    "Panneau de configuration > Utilisateur et groupe\u{a0}: modifiez l’utilisateur \
                     et saisissez cette adresse comme adresse e-mail. Elle sera prise en compte à \
                     la prochaine tentative."
                }
            },
        },
        Refusal::AddressAmbiguous => Words {
            title: "Plusieurs personnes du NAS ont cette adresse",
            paragraphs: &["Le NAS ne peut donc pas savoir laquelle vous êtes.", ASK],
            action: CHOOSE,
            advice: "Panneau de configuration > Utilisateur et groupe\u{a0}: plusieurs utilisateurs \
                     ont cette adresse. Ne la laissez qu’à un seul. La modification sera prise en \
                     compte à la prochaine tentative.",
        },
        Refusal::DomainNotAllowed => Words {
            title: "Ce compte Google n’appartient pas à la bonne organisation",
            paragraphs: &[
                "Le NAS n’accepte que les comptes Google de certaines organisations, comme une \
                 école ou une entreprise.",
                "Choisissez votre compte de cette organisation, ou adressez-vous à la personne qui \
                 s’occupe du NAS.",
            ],
            action: CHOOSE,
            advice: match detail {
                Some(Detail::HostedDomain(Some(_))) => {
                    "`google.hosted-domains` dans la configuration énumère les domaines autorisés. \
                     Le domaine de ce compte (attribut `hd` de Google) est {domain}."
                }
                Some(_) | None => {
                    "`google.hosted-domains` dans la configuration énumère les domaines autorisés. \
                     Ce compte n’appartient à aucun domaine\u{a0}: Google n’envoie pas d’attribut \
                     `hd`."
                }
            },
        },
        Refusal::AddressNotAuthoritative => Words {
            title: "Le NAS ne peut pas se fier à cette adresse",
            paragraphs: &[
                "Cette adresse n’est pas gérée par Google, et le NAS ne se fie qu’aux adresses \
                 gérées par Google.",
                "Choisissez un compte Google dont l’adresse se termine par gmail.com, ou \
                 adressez-vous à la personne qui s’occupe du NAS.",
            ],
            action: CHOOSE,
            advice: "Dans la configuration, `google.authoritative-addresses-only` exclut cette \
                     adresse. Un alias sous `users.alias` permet une exception.",
        },
        Refusal::AccountDisabled => Words {
            title: "Votre compte sur le NAS est désactivé",
            paragraphs: &[
                "Le NAS connaît cette adresse, mais le compte est désactivé.",
                ASK,
            ],
            action: CHOOSE,
            advice: "Panneau de configuration > Utilisateur et groupe\u{a0}: modifiez l’utilisateur \
                     qui a cette adresse et activez son compte.",
        },
        Refusal::AccountExpired => Words {
            title: "Votre compte sur le NAS a expiré",
            paragraphs: &[
                "Le NAS connaît cette adresse, mais la date d’expiration du compte est passée.",
                ASK,
            ],
            action: CHOOSE,
            advice: "Panneau de configuration > Utilisateur et groupe\u{a0}: modifiez l’utilisateur \
                     qui a cette adresse et changez la date d’expiration de son compte.",
        },
        Refusal::AccountDenied => Words {
            title: "Ce compte du NAS ne peut pas servir avec Google",
            paragraphs: &[
                "Cette adresse appartient à un compte du NAS qui n’a pas le droit de se connecter \
                 avec Google.",
                ASK,
            ],
            action: CHOOSE,
            advice: "L’utilisateur qui a cette adresse figure dans `users.deny` de la \
                     configuration, ou c’est `admin`, `guest` ou `root`, qui ne peuvent jamais se \
                     connecter avec Google.",
        },
        Refusal::AdministratorRefused => Words {
            title: "Ici, les administrateurs ne se connectent pas avec Google",
            paragraphs: &[
                "Cette adresse appartient à un administrateur du NAS.",
                "Retournez sur le NAS et connectez-vous-y avec votre nom d’utilisateur et votre mot \
                 de passe, choisissez un autre compte Google, ou adressez-vous à la personne qui \
                 s’occupe du NAS.",
            ],
            action: CHOOSE,
            advice: "`users.administrators` dans la configuration détermine si les administrateurs \
                     peuvent se connecter avec Google.",
        },
        Refusal::LinkedToAnother => Words {
            title: "Un autre compte Google sert déjà pour cette personne",
            paragraphs: &[
                "Un utilisateur du NAS a cette adresse, mais se connecte avec un autre compte \
                 Google, qui avait la même adresse.",
                "Si cet autre compte est à vous, choisissez-le. S’il n’existe plus et que celui-ci \
                 est votre nouveau compte, adressez-vous à la personne qui s’occupe du NAS.",
            ],
            action: CHOOSE,
            advice: match detail {
                Some(Detail::Reserved(_)) => {
                    "Un autre compte Google ayant cette adresse est lié à l’utilisateur {user}, \
                     supprimé ou renommé dans DSM. Si ce compte Google est désormais le bon, \
                     supprimez ce lien\u{a0}: \
                     `sudo -u google-to-synology-sso google-to-synology-sso links remove` {user}."
                }
                Some(_) | None => {
                    "Si ce compte Google est désormais le bon, supprimez le lien de l’autre\u{a0}: \
                     `sudo -u google-to-synology-sso google-to-synology-sso links remove UTILISATEUR`."
                }
            },
        },
        Refusal::DirectoryStale => Words {
            title: "Le NAS n’est pas encore prêt",
            paragraphs: &[
                "La liste de ses utilisateurs n’est pas encore disponible. Il est peut-être en \
                 train de démarrer.",
                "Attendez une minute, puis réessayez. Si cela dure, prévenez la personne qui \
                 s’occupe du NAS.",
            ],
            action: TRY_AGAIN,
            advice: "`sudo -u google-to-synology-sso google-to-synology-sso status` indique \
                     pourquoi les utilisateurs de DSM ne peuvent pas être lus.",
        },
        Refusal::ClockWrong { .. } => Words {
            title: "L’horloge du NAS n’est pas à l’heure",
            paragraphs: &[
                "Elle a {difference} par rapport à celle de Google\u{a0}: les réponses de Google \
                 semblent donc trop anciennes ou trop récentes. Votre compte n’est pas en cause.",
                "Prévenez la personne qui s’occupe du NAS, et réessayez quand l’horloge sera à \
                 l’heure.",
            ],
            action: TRY_AGAIN,
            advice: "Panneau de configuration > Options régionales > Heure\u{a0}: synchronisez \
                     avec un serveur NTP.",
        },
    }
}
