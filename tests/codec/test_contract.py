import pickle

from protocols.codec import DecodeError, Fault


def test_problem_document_of_one_fault():
    error = DecodeError.malformed("The message is not UTF-8 text", "utf8_invalid")
    assert error.problem() == {
        "type": "about:blank",
        "title": "Malformed message",
        "status": 400,
        "detail": "The message is not UTF-8 text",
        "errors": [{"pointer": "", "detail": "The message is not UTF-8 text", "kind": "utf8_invalid"}],
    }


def test_problem_document_of_several_faults():
    error = DecodeError.invalid(
        Fault("/items/0/qty", "Input should be a valid integer", "int_parsing"),
        Fault("/name", "Field required", "missing"),
    )
    problem = error.problem()
    assert (problem["title"], problem["status"]) == ("Invalid message", 422)
    assert problem["detail"] == "/items/0/qty: Input should be a valid integer (and 1 more)"
    assert problem["errors"] == [
        {
            "pointer": "/items/0/qty",
            "detail": "Input should be a valid integer",
            "kind": "int_parsing",
        },
        {"pointer": "/name", "detail": "Field required", "kind": "missing"},
    ]


def test_error_survives_the_way_between_processes():
    error = DecodeError.invalid(Fault("/a", "wrong", "kind"))
    copy = pickle.loads(pickle.dumps(error))
    assert copy.problem() == error.problem()
    assert (copy.title, copy.status, copy.errors) == (error.title, error.status, error.errors)
