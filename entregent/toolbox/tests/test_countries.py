from entregent.toolbox.countries import country_name, country_names


def test_countries_stand_in_the_order_of_their_names_whatever_the_accents():
    names = list(country_names("fr").values())
    assert names.index("Égypte") < names.index("France") < names.index("Zambie")
    assert country_names("en")["DE"] == "Germany"
    assert not {"EU", "ZZ", "001"} & country_names("fr").keys()


def test_a_code_that_names_no_country_stands_for_itself():
    assert country_name("CA", "fr") == "Canada"
    assert country_name("QQ", "fr") == "QQ"
