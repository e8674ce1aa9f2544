import type { SameTexts } from "@slotcast/ui";
import type { en } from "./en";

export const fr: SameTexts<typeof en> = {
  app: "Tableau de bord",
  skip: "Aller à la page",
  navigation: "Pages",
  nav: {
    calendar: "Calendrier",
    customers: "Clients",
    services: "Prestations",
    team: "Équipe et horaires",
    teamShort: "Équipe",
    settings: "Réglages",
  },
  collapse: "Replier la barre latérale",
  expand: "Déplier la barre latérale",
  menu: "Menu",
  search: "Chercher",
  searchHint: "Recherche et commandes",
  changes: "Derniers changements",
  showChanges: "Afficher les derniers changements",
  hideChanges: "Masquer les derniers changements",
  today: "La journée en bref",
  workspace: "Espace",
  switchWorkspace: "Changer d’espace",
  newWorkspace: "Nouvel espace…",
  bookingPage: "Ouvrir la page de réservation",
  account: "Compte",
  signedInAs: "Connecté : {{name}}",
  signOut: "Se déconnecter",
  role: { owner: "Propriétaire", admin: "Admin", staff: "Équipe", viewer: "Lecture seule" },
  timesIn: "Heures de {{zone}}",
  signIn: {
    title: "Votre journée, en direct.",
    about: "Les rendez-vous apparaissent, bougent et disparaissent ici à l’instant même.",
  },
  none: {
    title: "Vous n’êtes encore dans aucun espace",
    about:
      "Vous êtes connecté en tant que {{email}}. Demandez au propriétaire d’un espace de vous ajouter, ou commencez le vôtre.",
    create: "Commencer un espace",
    account: "Votre identifiant de compte, pour la personne qui vous ajoute :",
  },
  lost: {
    title: "Vous n’avez plus accès à {{name}}",
    about:
      "Quelqu’un vous a retiré de l’équipe, ou l’espace a été supprimé. Plus rien n’en est affiché ici.",
    never: "Vous n’avez pas accès à {{name}}",
    neverAbout:
      "Cet espace n’existe pas, ou vous n’êtes pas de l’équipe. Demandez à son propriétaire de vous ajouter.",
    other: "Aller à {{name}}",
  },
  invitation: {
    title: "Vous êtes invité à rejoindre {{workspace}}",
    join: "Rejoindre {{workspace}}",
    thisWorkspace: "cet espace",
    failed: "Cette invitation n’a pas pu être acceptée",
    goOn: "Aller au tableau de bord",
    other: "Se connecter avec un autre compte",
  },
  create: {
    title: "Nouvel espace",
    name: "Nom",
    nameHint: "Celui que vos clients connaissent.",
    slug: "Adresse",
    slugHint: "Votre page de réservation : {{url}}",
    slugInvalid: "2 à 63 minuscules, chiffres et tirets.",
    slugTaken: "Cette adresse est prise. Choisissez-en une autre.",
    zone: "Fuseau horaire",
    submit: "Créer l’espace",
    cancel: "Plus tard",
  },
  failed: {
    title: "La page n’a pas pu démarrer",
    about: "Le serveur n’a pas répondu comme prévu. Rien n’est perdu ; réessayez dans un instant.",
    retry: "Réessayer",
  },
  broken: {
    title: "Cette page a rencontré une erreur",
    about:
      "Ce qui était enregistré est en sécurité. Rechargez la page ; si cela recommence, prévenez la personne qui gère ce serveur.",
    reload: "Recharger",
  },
  notFound: {
    title: "Cette page n’existe pas",
    about: "Le lien est peut-être ancien ou mal saisi.",
    home: "Aller au calendrier",
  },
};
