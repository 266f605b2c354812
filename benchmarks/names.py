# ruff: noqa: SIM905
"""The words that made-up clients are named from: real French and English distributions, in order of frequency.

The lists of frequent names are short, the rest is made by joining syllables: tens of thousands of rarer names, as in
life. `floor(size * u ** skew)` over them gives the most common surname to about one person in a hundred.
"""

SURNAMES = """Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux
David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefèvre Faure André Mercier
Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Garcia Perrin Robin Clément Morin Nicolas Henry Roussel
Mathieu Gautier Masson Marchand Duval Denis Dumont Marie Lemaire Noël Meyer Dufour Meunier Brun Blanchard Giraud Joly
Rivière Lucas Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard Schmitt Roy Leroux Colin Vidal Caron Picard
Roger Fabre Aubert Lemoine Renaud Dumas Lacroix Olivier Philippe Bourgeois Pierre Benoît Rey Leclerc Payet Rolland
Leclercq Guillaume Lecomte Lopez Jean Dupuy Guillot Hubert Berger Carpentier Sánchez Dupuis Moulin Louis Deschamps
Huet Vasseur Perez Boucher Fleury Royer Klein Jacquet Adam Paris Poirier Marty Aubry Guyot Carré Charles Renault
Charpentier Ménard Maillard Baron Bertin Bailly Hervé Schneider Fernández Collet Léger Bouvier Julien Prévost Millet
Perrot Daniel Le~Roux Cousin Germain Breton Besson Langlois Rémy Le~Goff Pelletier Lévêque Perrier Leblanc Barré Lebrun
Marchal Weber Mallet Hamon Boulanger Jacob Monnier Michaud Rodríguez Guichard Gillet Étienne Grondin Poulain Tessier
Chevallier Collin Chauvin Da~Silva Bouchet Gay Lemaître Bénard Maréchal Humbert Reynaud Antoine Hoarau Perret
Barthélemy Cordier Pichon Lejeune Gilbert Lamy Delaunay Pasquier Carlier Laporte Tremblay Gagnon Bouchard Côté Gauvin
Fortin Bélanger Lavoie Desjardins Saint-Aubin Saint-Pierre De~La~Tour D'Almeida L'Hermite N'Diaye Lévesque Ouellet
Le~Gall Le~Bihan Dos~Santos Van~den~Berg O'Connor Macdonald Smith Brown Nguyen Tran Traoré Diallo Benali Haddad
Kowalski Wiśniewski Müller Strauß Núñez Œuvrard""".split()

FIRST_NAMES = """Marie Jean Pierre Michel Nathalie Isabelle Philippe Alain Catherine Patrick Nicolas Christophe Sylvie
Laurent Françoise Éric Monique Sophie Thomas Julien Valérie Sandrine Stéphanie Frédéric Sébastien Véronique David
Christine Céline Martine Daniel Alexandre Stéphane Olivier Bernard Camille Thierry Léa Antoine Anne Aurélie Julie Manon
Kévin Guillaume Maxime Vincent Laura Chloé Jérôme Pascal Corinne Lucas Caroline Marion Mathieu Brigitte Hugo Emma Paul
Virginie Claire Romain Gérard Pauline Élodie Sarah Dominique Inès Émilie Mélanie Louis Quentin Arthur Benoît Gilles
Hélène Denise Cédric Franck Chantal Fabrice Clément Bruno Charlotte Marc Anthony Jade Louise Serge Gabriel Théo Claude
Raphaël Jules Zoé Alice Mathilde Audrey Florence Delphine Yves Cécile Jean-Pierre Marie-Claude Jean-Luc Anne-Marie
Jean-Marc Marie-Christine Jean-François Anne-Sophie Jean-Baptiste Marie-Ève Paul-Émile Noël Maëlle Loïc Gaëlle Anaïs
Aïcha Fatima Mohamed Karim Mehdi Yasmine Amélie Agnès Océane Élise Éloïse Félix Grégoire Cyril Régis Rémi Solène Zélie
Ambre Nora Ismaël Joëlle Mireille Odile René Roger Simone Jacqueline Madeleine Marcel Henri Maurice Georges Suzanne
Yvette Ginette Lucien Raymond Germaine Édouard Victor Léon Jeanne Rose William James Emily Olivia Liam Noah Sean
Siobhán José María João Thi~Mai Minh Ousmane Aminata Piotr Zofia Jürgen Søren""".split()

TRADES = """Boulangerie Garage Pharmacie Menuiserie Plomberie Électricité Maçonnerie Cabinet Restaurant Café Hôtel
Transports Imprimerie Librairie Fleuriste Coiffure Auto-école Blanchisserie Charpente Couverture Peinture Paysagiste
Boucherie Épicerie Traiteur Pressing Optique Bijouterie Serrurerie Informatique Conseil Assurances Immobilière Clinique
Ateliers Établissements Entreprise Société Fromagerie Domaine Château Scierie Fonderie Mécanique""".split()

FORMS = ["", "", "", "SARL", "SAS", "SA", "EURL", "& Fils", "et Associés", "Frères", "SCI", "Inc.", "GAEC"]

HEADS = """Al An Au Ba Bar Beau Bel Ber Blan Bo Bon Bor Bou Bour Bran Bre Bri Bro Ca Cam Car Cha Cham Char Che Cla Clé
Co Cor Cou Cra Cré Da Dau De Del Des Di Do Dou Du Dur É Es Fa Fau Fer Fla Fon For Fou Fra Ga Gan Gar Gau Gé Gi Glo Go
Gou Gra Gri Gros Gué Gui Ha Hau Hé Hou Hu Is Ja Jac Jo Jou La Lam Lan Le Lé Lo Lon Lou Ma Mail Mal Man Mar Mau Me Mé
Mi Mon Mont Mo Mou Na Né No Nou Oli Pa Par Pas Pé Pel Pi Plan Poi Pon Por Pou Pra Pré Qué Ra Ray Ré Ri Ro Roc Ron Rou Sa
Sal San Sau Sé Ser Si So Sou Ta Tail Té Thi To Tour Tré Va Val Vau Ver Vi Vil Vou""".split()
MIDDLES = """a ba bé bi bo ca che ci co da de di do fa fi ga ge gi go la le li lo ma me mi mo na ne ni no ra re ri ro sa
se si so ta te ti to va ve vi""".split()
TAILS = """ard aud ault aux bert bot chet cier court din don dot eau ein el elle er et eux ier illard in ineau ion lat
let lier lot mier mont naud net nier not on ot quet rand ras reau ret rier rot roux sier son tel ter ton tot tier val
vain vert ville zet""".split()

CITIES = """Paris Marseille Lyon Toulouse Nice Nantes Montpellier Strasbourg Bordeaux Lille Rennes Reims Saint-Étienne
Toulon Grenoble Dijon Angers Nîmes Villeurbanne Saint-Denis Aix-en-Provence Le~Mans Clermont-Ferrand Brest Tours Amiens
Limoges Annecy Perpignan Metz Besançon Orléans Rouen Mulhouse Caen Nancy Argenteuil Montreuil Avignon Poitiers
Villejuif Dunkerque Créteil Pau Antibes Béziers La~Rochelle Cannes Calais Saint-Nazaire Colmar Bourges Quimper Valence
Ajaccio Troyes Lorient Chambéry Niort Sète Vannes Cholet Laval Arles Évreux Belfort Albi Brive-la-Gaillarde
Carcassonne Châlons-en-Champagne Blois Saint-Brieuc Bayonne Alès Bourg-en-Bresse L'Haÿ-les-Roses Saint-Aubin-de-Médoc
L'Abergement-Clémenciat Sainte-Foy-lès-Lyon Montréal Québec Gatineau Sherbrooke Trois-Rivières Lévis""".split()

STREETS = """rue~de~la~Gare avenue~de~la~République rue~Victor-Hugo rue~du~Moulin place~de~l'Église rue~des~Écoles
chemin~des~Vignes boulevard~Jean-Jaurès impasse~des~Lilas rue~du~Général-de-Gaulle rue~Pasteur allée~des~Tilleuls
route~de~Lyon rue~Saint-Martin quai~de~Seine rue~du~Château rue~Jules-Ferry avenue~du~Maréchal-Foch rue~Sainte-Anne
rue~de~la~Fontaine rue~Neuve Grande~Rue rue~des~Jardins rue~du~Stade rue~des~Peupliers cours~Lafayette rue~Gambetta
rue~du~8-Mai-1945 chemin~du~Lavoir rue~de~Verdun""".split()

DOMAINS = ["orange.fr", "free.fr", "gmail.com", "wanadoo.fr", "sfr.fr", "laposte.net", "exemple.fr", "videotron.ca"]


def spoken(words: list[str]) -> list[str]:
    return [word.replace("~", " ") for word in words]


def surnames() -> list[str]:
    """The frequent ones first, then about 40,000 made of syllables, in an order that looks like chance and is none."""
    made = {head + middle + tail for head in HEADS for middle in ["", *MIDDLES] for tail in TAILS}
    known = spoken(SURNAMES)
    rare = sorted(made - set(known), key=lambda name: hash_of(name))
    return known + rare[:40_000]


def hash_of(text: str) -> int:
    """A hash that is the same in every run (Python's own is not)."""
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 % 4294967296
    return value
