"""Countries of the practice business: the words that its invented companies and people are named with.

Stems, trades and people are made up; no company is meant. People are written as (name, mail name), because a mail name
cannot be read off a name in another script.
"""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """Where customers are: a company is `<stem> <trade> <form>`, a person a first name and a last name."""

    name: str
    region: str
    phone: str
    cities: tuple[str, ...]
    stems: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    first: tuple[tuple[str, str], ...]
    last: tuple[tuple[str, str], ...]
    family_first: bool = False
    """The family name comes first, as in Japan and Korea."""


_NO_MARK_TO_DROP = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
"""Letters that Unicode does not see as a Latin letter with a mark."""


def plain(text: str) -> str:
    """Latin letters without marks, in lower case, for addresses: `Grønnegård` gives `gronnegard`."""
    letters = unicodedata.normalize("NFKD", text.lower()).translate(_NO_MARK_TO_DROP)
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())


def _people(names: str) -> tuple[tuple[str, str], ...]:
    """`Zoë, Ελένη/eleni` as pairs of name and mail name."""
    pairs = (name.strip().partition("/") for name in names.split(","))
    return tuple((shown, mail or plain(shown)) for shown, _, mail in pairs)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


def _country(name: str, region: str, phone: str, *, family_first: bool = False, **words: str) -> Country:
    return Country(
        name,
        region,
        phone,
        _words(words["cities"]),
        _words(words["stems"]),
        _words(words["trades"]),
        _words(words["forms"]),
        _people(words["first"]),
        _people(words["last"]),
        family_first,
    )


COUNTRIES = (
    _country(
        "Germany",
        "EMEA",
        "+49 30 5550",
        cities="Bremen, Kassel, Ulm, Chemnitz",
        stems="Brenwald, Ostermühl, Kranzfeld, Lohrbach, Wiesenthür, Harkstedt",
        trades="Maschinenbau, Fördertechnik, Werkzeuge, Anlagenbau",
        forms="GmbH, AG, KG",
        first="Jörg, Anneliese, Katrin, Björn, Saskia, Ümit",
        last="Krämer, Süßmann, Vollrath, Niehues, Özkan, Dörfler",
    ),
    _country(
        "France",
        "EMEA",
        "+33 1 99 00",
        cities="Lyon, Nantes, Besançon, Grenoble",
        stems="Vauclerc, Montréval, Belorme, Saint-Aubry, Chantelune, Pérignac",
        trades="Mécanique, Fonderie, Outillage, Emballages",
        forms="SAS, SARL, SA",
        first="Élodie, François, Noémie, Thibault, Aïcha, Gaël",
        last="Lefèvre, Garçon, Bénard, Dumoulin, Traoré, Hervé",
    ),
    _country(
        "Spain",
        "EMEA",
        "+34 910 00",
        cities="Zaragoza, Vigo, Málaga, Bilbao",
        stems="Valderroca, Peñalta, Ibarbide, Torrenova, Cañamar, Rioseco",
        trades="Válvulas, Metalurgia, Embalajes, Riegos",
        forms="S.L., S.A.",
        first="Begoña, Íñigo, Núria, Álvaro, Ana, Martín",
        last="Muñoz, Ibáñez, Ruiz, Echeverría, Peñas, Güell",
    ),
    _country(
        "Italy",
        "EMEA",
        "+39 02 5550",
        cities="Brescia, Modena, Forlì, Bari",
        stems="Castelvero, Montalbino, Ferrazza, Bellariva, Sangioia, Trevolta",
        trades="Meccanica, Ceramiche, Utensili, Pompe",
        forms="S.r.l., S.p.A.",
        first="Niccolò, Giulia, Ilaria, Matteo, Zoè, Davide",
        last="Bevilacqua, Forlì, Mancuso, Dell'Orto, Cattò, Serra",
    ),
    _country(
        "Poland",
        "EMEA",
        "+48 22 555",
        cities="Łódź, Gdańsk, Rzeszów, Poznań",
        stems="Żarnów, Brzezina, Kłodawka, Stalmost, Dębniak, Wiślanka",
        trades="Łożyska, Narzędzia, Hydraulika, Odlewnia",
        forms="Sp. z o.o., S.A.",
        first="Małgorzata, Łukasz, Agnieszka, Paweł, Żaneta, Michał",
        last="Wójcik, Kowalczyk, Zając, Śliwa, Gołąb, Piątek",
    ),
    _country(
        "Norway",
        "EMEA",
        "+47 55 50",
        cities="Bergen, Ålesund, Tromsø, Skien",
        stems="Kvistholm, Grønnegård, Nordvåg, Bjørkestrand, Havrepynt, Fjellsøm",
        trades="Logistikk, Skipsverft, Verktøy, Fiskemaskiner",
        forms="AS, ASA",
        first="Åse, Øystein, Ingrid, Bjørn, Sølvi, Håkon",
        last="Bråten, Sørlie, Næss, Aamodt, Grønli, Tveit",
    ),
    _country(
        "Greece",
        "EMEA",
        "+30 21 5550",
        cities="Πάτρα, Βόλος, Καβάλα, Λάρισα",
        stems="Thalorion, Meltemis, Argyronisi, Kallistrat, Pelagion, Astrovouni",
        trades="Marine Works, Packaging, Tools, Cold Storage",
        forms="A.E., Ε.Π.Ε.",
        first="Ελένη/eleni, Γιώργος/giorgos, Χρυσάνθη/chrysanthi, Νίκος/nikos, Δέσποινα/despina, Άρης/aris",
        last="Θεοδώρου/theodorou, Παπανικολάου/papanikolaou, Αλεξίου/alexiou, Δημητρίου/dimitriou, Γεωργίου/georgiou",
    ),
    _country(
        "Türkiye",
        "EMEA",
        "+90 212 555",
        cities="Bursa, İzmir, Eskişehir, Konya",
        stems="Çınarlı, Gökçay, Yıldıztepe, Boğazkent, Kırlangıç, Söğütlü",
        trades="Makina, Tekstil, Döküm, Otomotiv",
        forms="A.Ş., Ltd. Şti.",
        first="Ayşe, Çağlar, Gülşen, Oğuz, İpek, Barış",
        last="Yılmaz, Şahin, Öztürk, Çelik, Işık, Gündoğdu",
    ),
    _country(
        "South Africa",
        "EMEA",
        "+27 10 555",
        cities="Durban, Gqeberha, Polokwane, Bloemfontein",
        stems="Umlanzi, Rooiberghof, Karoosteen, Thabanoka, Waterklip, Ndlovane",
        trades="Mining Supplies, Engineering, Agri Parts, Hydraulics",
        forms="(Pty) Ltd",
        first="Thandiwe, Sipho, Annelie, Lerato, Pieter, Nomvula",
        last="Nkosi, Dlamini, Van der Westhuizen, Mokoena, Naidoo, Botha",
    ),
    _country(
        "United States",
        "AMER",
        "+1 312 555",
        cities="Dayton, Tulsa, Spokane, Chattanooga",
        stems="Harrowgale, Pinemarch, Bluequill, Cedarlathe, Twoferry, Ashwhistle, Copperwend, Milldrift, "
        "Larkspan, Stonebriar Bend, Quarrowood, Ironlark, Prairiewick, Saltmeadowe",
        trades="Tool & Die, Packaging, Conveyors, Pump Works, Marine",
        forms="Inc., LLC, Co.",
        first="Renée, DeShawn, María, Kaitlyn, Omar, Grace",
        last="O'Connell, Whitfield, Nguyen, Castañeda, Abernathy, Jackson",
    ),
    _country(
        "Canada",
        "AMER",
        "+1 514 555",
        cities="Trois-Rivières, Hamilton, Moncton, Saskatoon",
        stems="Maplestow, Rivière-Claire, Northgannet, Lac-Doré, Tamarackel, Fundyshore",
        trades="Sawmill Parts, Outillage, Equipment, Cold Chain",
        forms="Ltd., Inc., Ltée",
        first="Geneviève, Étienne, Priya, Liam, Maude, Josée",
        last="Bélanger, Tremblay, Gagné, MacIsaac, Dhaliwal, Côté",
    ),
    _country(
        "Brazil",
        "AMER",
        "+55 11 5550",
        cities="Joinville, São Carlos, Goiânia, Maceió",
        stems="Serra Clara, Ipêtuba, Rio Manso, Jatobeira, Pedrancora, Araçuama",
        trades="Máquinas, Embalagens, Irrigação, Fundição",
        forms="Ltda., S.A.",
        first="João, Conceição, Luísa, Caetano, Thaís, Antônio",
        last="Magalhães, Araújo, Conceição, Simões, Brandão, Queirós",
    ),
    _country(
        "Mexico",
        "AMER",
        "+52 55 5550",
        cities="León, Querétaro, Mérida, Saltillo",
        stems="Tepehuano, Valleclaro, Nopalito, Quetzalmar, Sierranueva, Aguamiel",
        trades="Herramientas, Autopartes, Empaques, Bombas",
        forms="S.A. de C.V., S. de R.L.",
        first="Guadalupe, José, Ximena, Raúl, Verónica, Iñaki",
        last="Hernández, Núñez, Zúñiga, Peña, Ordóñez, Treviño",
    ),
    _country(
        "Japan",
        "APAC",
        "+81 3 5550",
        family_first=True,
        cities="浜松, 北九州, 新潟, 豊田",
        stems="Asanami, Kurotake, Hoshikawara, Minamori, Tsukigase, Fujishiro",
        trades="Seiki, Kogyo, Kikai, Unyu",
        forms="K.K., Co. Ltd.",
        first="美咲/misaki, 健太/kenta, 陽子/yoko, 翔/sho",
        last="佐藤/sato, 高橋/takahashi, 渡辺/watanabe, 小林/kobayashi",
    ),
    _country(
        "South Korea",
        "APAC",
        "+82 2 5550",
        family_first=True,
        cities="창원, 울산, 구미, 인천",
        stems="Haneulsan, Baekgang, Saebyeok, Dalmuri, Onnuri Bit, Garamdeul",
        trades="Precision, Heavy Works, Polymers, Robotics",
        forms="Co. Ltd.",
        first="지우/jiwoo, 서준/seojun, 하은/haeun, 민재/minjae",
        last="김/kim, 박/park, 최/choi, 윤/yoon",
    ),
    _country(
        "India",
        "APAC",
        "+91 80 5550",
        cities="Coimbatore, Rajkot, Pune, Jamshedpur",
        stems="Suryatej, Neelgiri Loom, Vayulok, Chandrapath, Indukala, Meghdhara",
        trades="Castings, Textiles, Pumps, Engineering",
        forms="Pvt. Ltd., Ltd.",
        first="Ananya, Rohan, Lakshmi, Farhan, Kavya, Arjun",
        last="Iyer, Deshpande, Banerjee, Qureshi, Patel, Menon",
    ),
    _country(
        "Australia",
        "APAC",
        "+61 2 5550",
        cities="Geelong, Toowoomba, Fremantle, Launceston",
        stems="Wattleford, Karrabin Creek, Southern Gum, Billabrook, Redcliff Bay, Mulgarra",
        trades="Mining Gear, Irrigation, Freight, Tools",
        forms="Pty Ltd",
        first="Siobhán, Jack, Mei-Ling, Tui, Zoë, Callum",
        last="O'Rourke, Papadopoulos, Chen, Fraser, Tāwhiri, Brooks",
    ),
    _country(
        "Vietnam",
        "APAC",
        "+84 28 555",
        family_first=True,
        cities="Đà Nẵng, Cần Thơ, Hải Phòng, Biên Hòa",
        stems="Sao Biển, Trúc Lâm Phú, Mây Xanh, Hoa Sim, Gió Lành, Bến Mơ",
        trades="Dệt May, Cơ Khí, Bao Bì, Thủy Sản",
        forms="JSC, Co. Ltd.",
        first="Hương/huong, Đức/duc, Thảo/thao, Quân/quan",
        last="Nguyễn/nguyen, Trần/tran, Phạm/pham, Đặng/dang",
    ),
)


def of_region(region: str) -> tuple[Country, ...]:
    return tuple(country for country in COUNTRIES if country.region == region)
