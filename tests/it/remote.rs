//! Models behind a network, asked over real connections.

use std::time::Duration;

use prompt_workshop::llm::remote::{Remote, install_tls};
use prompt_workshop::llm::settings::{Provider, Settings};
use prompt_workshop::llm::{Completion, Error, Message, Request, Role, Sink, Usage};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::model_server::{Fault, ModelServer};

const EVENT_STREAM: &str = "text/event-stream";

fn question() -> Request {
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    Request {
        model: None,
        system: "Be brief.".to_owned(),
        messages: vec![
            message(Role::User, "Hi"),
            message(Role::Assistant, "Hello"),
            message(Role::User, "What is new?"),
        ],
        max_tokens: 77,
        temperature: 0.25,
    }
}

async fn ask(settings: &Settings) -> Result<Completion, Error> {
    Remote::new(settings).unwrap().stream(&question(), &Sink::nowhere()).await
}

async fn ask_raw(provider: Provider, body: &'static str) -> Result<Completion, Error> {
    let server = ModelServer::start().await;
    server.fault(Fault::Raw { content_type: EVENT_STREAM, body });
    ask(&Settings { provider, api_key: SecretString::from("k"), ..server.settings() }).await
}

async fn ask_failing(code: u16, retry_after: Option<&'static str>, body: &'static str) -> Error {
    let server = ModelServer::start().await;
    server.fault(Fault::Status { code, retry_after, body });
    let settings = Settings { api_key: SecretString::from("sk-hidden"), ..server.settings() };
    let error = ask(&settings).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("sk-hidden"), "{error:?}");
    error
}

fn both_apis(server: &ModelServer) -> [Settings; 2] {
    let anthropic = Settings { provider: Provider::Anthropic, ..server.settings() };
    [server.settings(), anthropic]
}

#[tokio::test]
async fn an_openai_compatible_server_streams_its_answer() {
    let server = ModelServer::start().await;
    server.reply("Much is new today.");
    let remote = Remote::new(&server.settings()).unwrap();
    let (sink, mut deltas) = Sink::channel();
    let answer = remote.stream(&question(), &sink).await.unwrap();
    drop(sink);
    let mut streamed = Vec::new();
    while let Some(delta) = deltas.recv().await {
        streamed.push(delta);
    }
    assert_eq!(streamed, ["Much ", "is ", "new ", "today."]);
    assert_eq!(answer.text, "Much is new today.");
    assert_eq!(answer.model, "test-model");
    assert_eq!(answer.usage, Usage { input: Some(7), output: Some(4) });
    assert!(answer.first_token > Duration::ZERO);

    let request = server.only_request();
    assert_eq!(request.path, "/v1/chat/completions");
    assert!(!request.headers.contains_key("authorization"), "no key, no header");
    assert_eq!(request.body["messages"][0]["content"], "Be brief.");
    assert_eq!(request.body["messages"][3]["content"], "What is new?");
    assert_eq!(request.body["max_tokens"], 77);
    assert_eq!(request.body["temperature"], 0.25);
    assert_eq!(request.body["stream_options"]["include_usage"], true);
    assert!(request.body.get("reasoning_effort").is_none());
}

#[tokio::test]
async fn anthropic_streams_its_answer() {
    let server = ModelServer::start().await;
    server.reply("Much is new today.");
    let [_, settings] = both_apis(&server);
    let answer = ask(&Settings { api_key: SecretString::from("secret"), ..settings }).await.unwrap();
    assert_eq!(answer.text, "Much is new today.");
    assert_eq!(answer.usage, Usage { input: Some(7), output: Some(4) });

    let request = server.only_request();
    assert_eq!(request.path, "/v1/messages");
    assert_eq!(request.headers["x-api-key"], "secret");
    assert_eq!(request.headers["anthropic-version"], "2023-06-01");
    assert_eq!(request.body["system"], "Be brief.");
    assert_eq!(request.body["max_tokens"], 77);
    assert!(request.body.get("thinking").is_none());
}

#[tokio::test]
async fn however_the_address_is_written_it_is_reached_with_the_key() {
    let server = ModelServer::start().await;
    for ending in ["", "/", "/v1", "/v1/"] {
        let base_url = format!("{}{ending}", server.url());
        let settings = Settings { base_url, api_key: SecretString::from("sk-1"), ..server.settings() };
        ask(&settings).await.unwrap();
    }
    for request in server.requests() {
        assert_eq!(request.path, "/v1/chat/completions");
        assert_eq!(request.headers["authorization"], "Bearer sk-1");
    }
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn every_model_name_reaches_the_configured_provider_unchanged() {
    let server = ModelServer::start().await;
    let names =
        ["gpt-4o", "llama3", "claude-x", "org/model:tag", "gemini::x", "anthropic::claude", "qwen-max", "o3-high"];
    for settings in both_apis(&server) {
        let remote = Remote::new(&settings).unwrap();
        for name in names {
            let request = Request { model: Some(name.to_owned()), ..question() };
            let answer = remote.stream(&request, &Sink::nowhere()).await.unwrap();
            assert_eq!(answer.model, name);
            let sent = server.requests().pop().unwrap();
            assert_eq!(sent.body["model"], name);
            let path = if settings.provider == Provider::OpenAi { "/v1/chat/completions" } else { "/v1/messages" };
            assert_eq!(sent.path, path, "{name}");
            for guessed in ["reasoning_effort", "thinking", "output_config", "prompt_cache_options"] {
                assert!(sent.body.get(guessed).is_none(), "{name} brought {guessed}");
            }
        }
    }
}

#[tokio::test]
async fn gemini_and_ollama_are_asked_in_their_own_way() {
    let server = ModelServer::start().await;
    server.fault(Fault::Raw {
        content_type: EVENT_STREAM,
        body: concat!(
            r#"data: {"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]}}],"modelVersion":"g-1"}"#,
            "\n\n",
            r#"data: {"candidates":[{"content":{"parts":[{"text":"Yes."}]},"finishReason":"STOP"}],"#,
            r#""usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":7}}"#,
            "\n\n",
        ),
    });
    let key = SecretString::from("g-key");
    let gemini = Settings { provider: Provider::Gemini, api_key: key, model: "x-high".to_owned(), ..server.settings() };
    let answer = ask(&gemini).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.model.as_str()), ("Yes.", "g-1"));
    assert_eq!(answer.usage, Usage { input: Some(5), output: Some(2) });

    server.fault(Fault::Raw {
        content_type: "application/x-ndjson",
        body: concat!(
            r#"{"model":"l","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}"#,
            "\n",
            r#"{"model":"l","message":{"role":"assistant","content":"Yes."},"done":false}"#,
            "\n",
            r#"{"model":"l","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","#,
            r#""prompt_eval_count":5,"eval_count":2}"#,
            "\n",
        ),
    });
    let ollama = Settings { provider: Provider::Ollama, model: "a::b/c:d-max".to_owned(), ..server.settings() };
    let answer = ask(&ollama).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.model.as_str()), ("Yes.", "l"));
    assert_eq!(answer.usage, Usage { input: Some(5), output: Some(2) });

    let [gemini, ollama] = <[_; 2]>::try_from(server.requests()).unwrap();
    assert_eq!(gemini.path, "/v1beta/models/x-high:streamGenerateContent");
    assert_eq!(gemini.headers["x-goog-api-key"], "g-key");
    assert_eq!(gemini.body["generationConfig"]["maxOutputTokens"], 77);
    assert!(gemini.body["generationConfig"].get("thinkingConfig").is_none());
    assert_eq!(ollama.path, "/api/chat");
    assert_eq!(ollama.body["model"], "a::b/c:d-max");
    assert_eq!(ollama.body["options"]["num_predict"], 77);
}

#[tokio::test]
async fn thoughts_are_no_part_of_the_answer() {
    let server = ModelServer::start().await;
    server.reply("<think>Let me see. Hm.</think>\n\nIt is new.");
    assert_eq!(ask(&server.settings()).await.unwrap().text, "It is new.");

    let openai = concat!(
        r#"data: {"choices":[{"delta":{"reasoning_content":"hm"},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"content":"Yes."},"finish_reason":"stop"}]}"#,
        "\n\ndata: [DONE]\n\n",
    );
    assert_eq!(ask_raw(Provider::OpenAi, openai).await.unwrap().text, "Yes.");

    let anthropic = concat!(
        "event: content_block_start\n",
        r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"hm"}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
        "\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}",
        "\n\nevent: content_block_start\n",
        r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Yes."}}"#,
        "\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}",
        "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    assert_eq!(ask_raw(Provider::Anthropic, anthropic).await.unwrap().text, "Yes.");
}

#[tokio::test]
async fn a_stream_that_ends_without_its_end_marker_is_cut() {
    let server = ModelServer::start().await;
    server.reply("One two three four.");
    for settings in both_apis(&server) {
        for words in [1, 3, 4] {
            server.fault(Fault::CutAfter(words));
            assert_eq!(ask(&settings).await, Err(Error::Cut), "clean end after {words}");
            server.fault(Fault::DropAfter(words));
            assert_eq!(ask(&settings).await, Err(Error::Cut), "dropped after {words}");
        }
    }
    assert_eq!(ask(&server.settings()).await.unwrap().text, "One two three four.", "the reply was kept for the end");
}

#[tokio::test]
async fn half_a_frame_at_the_end_is_cut() {
    let whole = r#"data: {"choices":[{"delta":{"content":"Hello"},"finish_reason":null}]}"#;
    let halves = [
        concat!(r#"data: {"choices":[{"delta":{"content":"Hello"}}]}"#, "\n\n", r#"data: {"choices":[{"del"#),
        concat!(r#"data: {"choices":[{"delta":{"content":"Hello"}}]}"#, "\n\n", "data: [DO"),
        whole,
    ];
    for body in halves {
        assert_eq!(ask_raw(Provider::OpenAi, body).await, Err(Error::Cut), "{body}");
    }
    // The reason why the model stopped is not yet the end of an Anthropic message.
    let unstopped = concat!(
        "event: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Yes."}}"#,
        "\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n",
    );
    assert_eq!(ask_raw(Provider::Anthropic, unstopped).await, Err(Error::Cut));
    let gemini = concat!(r#"data: {"candidates":[{"content":{"parts":[{"text":"Yes."}]}}]}"#, "\n\n");
    assert_eq!(ask_raw(Provider::Gemini, gemini).await, Err(Error::Cut));
    let ollama = concat!(r#"{"model":"l","message":{"content":"Yes."},"done":false}"#, "\n");
    assert_eq!(ask_raw(Provider::Ollama, ollama).await, Err(Error::Cut));
}

#[tokio::test]
async fn a_finished_answer_without_a_done_line_is_whole() {
    let body = r#"data: {"choices":[{"delta":{"content":"Yes."},"finish_reason":"stop"}]}"#;
    assert_eq!(ask_raw(Provider::OpenAi, body).await.unwrap().text, "Yes.");
}

/// Reads one request, sends these bytes, and resets the connection when told to.
async fn resetting_server(bytes: &'static str, reset: oneshot::Receiver<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 16 * 1024];
        assert!(connection.read(&mut request).await.unwrap() > 0);
        connection.write_all(bytes.as_bytes()).await.unwrap();
        reset.await.unwrap();
        // Without lingering, closing is a reset.
        connection.set_zero_linger().unwrap();
    });
    url
}

#[tokio::test]
async fn a_connection_reset_in_the_middle_is_cut() {
    let started = concat!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
        r#"data: {"choices":[{"delta":{"content":"Hello"}}]}"#,
        "\n\n",
    );
    let (reset, when) = oneshot::channel();
    let base_url = resetting_server(started, when).await;
    let settings = Settings { base_url, ..ModelServer::start().await.settings() };
    let remote = Remote::new(&settings).unwrap();
    let (sink, mut deltas) = Sink::channel();
    let reset_after_a_delta = async {
        assert_eq!(deltas.recv().await.as_deref(), Some("Hello"));
        reset.send(()).unwrap();
    };
    let question = question();
    let (answer, ()) = tokio::join!(remote.stream(&question, &sink), reset_after_a_delta);
    assert_eq!(answer, Err(Error::Cut));
}

#[tokio::test]
async fn a_connection_reset_before_the_answer_is_unavailable() {
    let (reset, when) = oneshot::channel();
    reset.send(()).unwrap();
    let base_url = resetting_server("", when).await;
    let settings = Settings { base_url: base_url.clone(), ..ModelServer::start().await.settings() };
    let error = ask(&settings).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(reason) if reason.contains(&base_url)), "{error:?}");
}

#[tokio::test]
async fn too_many_requests_say_how_long_to_wait() {
    let limited = |seconds| Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
    assert_eq!(ask_failing(429, Some("7"), "{}").await, limited(7));
    assert_eq!(ask_failing(429, None, "slow down").await, Error::RateLimited { retry_after: None });
    assert_eq!(ask_failing(503, Some("9"), "").await, limited(9));
    assert_eq!(ask_failing(429, Some("Wed, 21 Oct 2015 07:28:00 GMT"), "").await, limited(0));
    let broke = r#"{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}"#;
    let error = ask_failing(429, None, broke).await;
    assert!(matches!(&error, Error::Refused(reason) if reason.contains("your current quota")), "{error:?}");
}

#[tokio::test]
async fn failing_servers_are_unavailable_and_refusals_quote_the_server() {
    for code in [500, 502, 503, 504, 529, 408] {
        let error = ask_failing(code, None, "<html>oh no</html>").await;
        assert!(matches!(&error, Error::Unavailable(reason) if !reason.contains("oh no")), "{code}: {error:?}");
    }
    let body = r#"{"error": {"message": "Incorrect API key provided:\n sk-hidden.", "type": "invalid_request_error"}}"#;
    let expected = "401 Unauthorized: Incorrect API key provided: ***.";
    assert_eq!(ask_failing(401, None, body).await, Error::Refused(expected.to_owned()));
    for code in [400, 403, 404, 413, 422, 302] {
        assert!(matches!(ask_failing(code, None, "no").await, Error::Refused(_)), "{code}");
    }
    let long: &'static str = Box::leak("é".repeat(5000).into_boxed_str());
    let Error::Refused(reason) = ask_failing(400, None, long).await else { panic!("a refusal") };
    assert_eq!(reason.chars().filter(|c| *c == 'é').count(), 200);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_without_telling_the_password() {
    let server = ModelServer::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let settings = Settings { base_url: format!("http://me:hunter2@{address}"), ..server.settings() };
    let error = ask(&settings).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(reason) if reason.contains(&address.to_string())), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    assert!(!format!("{:?}", Remote::new(&settings).unwrap()).contains("hunter2"));
}

#[tokio::test]
async fn silence_ends_at_the_time_limit_wherever_it_begins() {
    let faults = [Fault::Hang, Fault::StallAfter(2), Fault::Slow { per_delta: Duration::from_millis(400) }];
    let asked = faults.map(|fault| async move {
        let server = ModelServer::start().await;
        server.reply("One two three four five.");
        server.fault(fault.clone());
        let answer = ask(&Settings { timeout_seconds: 1, ..server.settings() }).await;
        assert_eq!(answer, Err(Error::Timeout(Duration::from_secs(1))), "{fault:?}");
    });
    futures::future::join_all(asked).await;
}

#[tokio::test]
async fn an_error_inside_the_stream_is_an_error() {
    let overloaded = concat!(
        r#"data: {"choices":[{"delta":{"content":"Hel"}}]}"#,
        "\n\n",
        r#"data: {"error":{"message":"The engine is overloaded","type":"server_error"}}"#,
        "\n\ndata: [DONE]\n\n",
    );
    let expected = Error::Unavailable("The engine is overloaded".to_owned());
    assert_eq!(ask_raw(Provider::OpenAi, overloaded).await, Err(expected));

    let limited = "data: {\"error\":{\"message\":\"Slow down\",\"code\":429}}\n\n";
    assert_eq!(ask_raw(Provider::OpenAi, limited).await, Err(Error::RateLimited { retry_after: None }));

    let refused = "data: {\"error\":{\"message\":\"Too long\",\"code\":\"context_length_exceeded\"}}\n\n";
    assert_eq!(ask_raw(Provider::OpenAi, refused).await, Err(Error::Refused("Too long".to_owned())));

    let anthropic = concat!(
        "event: error\n",
        r#"data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "\n\n",
    );
    let expected = Error::Unavailable("Overloaded".to_owned());
    assert_eq!(ask_raw(Provider::Anthropic, anthropic).await, Err(expected));

    let ollama = concat!(
        r#"{"model":"l","message":{"content":"Hel"},"done":false}"#,
        "\n",
        r#"{"error":"the runner stopped"}"#,
        "\n",
    );
    let expected = Error::Unavailable("the runner stopped".to_owned());
    assert_eq!(ask_raw(Provider::Ollama, ollama).await, Err(expected));

    let gemini = "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n";
    assert_eq!(ask_raw(Provider::Gemini, gemini).await, Err(Error::Refused("SAFETY".to_owned())));
}

#[tokio::test]
async fn no_text_is_no_answer() {
    let server = ModelServer::start().await;
    for settings in both_apis(&server) {
        server.reply(" ");
        let error = ask(&settings).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }
    let exhausted = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    let error = ask_raw(Provider::OpenAi, exhausted).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(reason) if reason.contains("77 tokens")), "{error:?}");
    let filtered = concat!(
        r#"data: {"choices":[{"delta":{"content":"Hel"},"finish_reason":"content_filter"}]}"#,
        "\n\ndata: [DONE]\n\n",
    );
    let error = ask_raw(Provider::OpenAi, filtered).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(reason) if reason.contains("content filter")), "{error:?}");
}

#[tokio::test]
async fn what_a_model_dislikes_is_left_out_and_remembered() {
    let server = ModelServer::start().await;
    for body in [
        r#"{"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}}"#,
        r#"{"error": {"message": "'temperature' does not support 0.25 with this model."}}"#,
        r#"{"detail": "extra fields not permitted: stream_options"}"#,
    ] {
        server.fault(Fault::Status { code: 400, retry_after: None, body });
    }
    let remote = Remote::new(&server.settings()).unwrap();
    for _ in 0..2 {
        remote.stream(&question(), &Sink::nowhere()).await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 5, "three complaints, then an answer at once, twice");
    for request in &requests[3..] {
        assert_eq!(request.body["max_completion_tokens"], 77);
        for left_out in ["max_tokens", "temperature", "stream_options"] {
            assert!(request.body.get(left_out).is_none(), "{left_out}");
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_asked_for_the_whole_answer() {
    let server = ModelServer::start().await;
    for settings in both_apis(&server) {
        for reply in ["Never seen.", "All at once.", "And again."] {
            server.reply(reply);
        }
        server.fault(Fault::Whole);
        let remote = Remote::new(&settings).unwrap();
        let (sink, mut deltas) = Sink::channel();
        let answer = remote.stream(&question(), &sink).await.unwrap();
        assert_eq!(answer.text, "All at once.");
        assert_eq!(answer.usage, Usage { input: Some(7), output: Some(3) });
        assert_eq!(deltas.recv().await.as_deref(), Some("All at once."));
        let before = server.requests().len();
        assert_eq!(remote.stream(&question(), &sink).await.unwrap().text, "And again.");
        assert_eq!(server.requests().len(), before + 1, "it is remembered");
    }
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_key_elsewhere() {
    let elsewhere = ModelServer::start().await;
    let location = format!("{}/v1/messages", elsewhere.url());
    let gateway = wiremock::MockServer::start().await;
    let redirect = wiremock::ResponseTemplate::new(307).insert_header("location", location.as_str());
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(redirect).expect(1).mount(&gateway).await;
    let settings = Settings {
        provider: Provider::Anthropic,
        base_url: gateway.uri(),
        api_key: SecretString::from("secret"),
        ..elsewhere.settings()
    };
    let error = ask(&settings).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(reason) if reason.contains("307")), "{error:?}");
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_page_for_browsers_is_no_answer() {
    let server = ModelServer::start().await;
    for _ in 0..2 {
        server.fault(Fault::Raw { content_type: "text/html", body: "<html><body>Welcome</body></html>" });
    }
    let error = ask(&server.settings()).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(reason) if reason.contains("text/html")), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_unavailable_over_https() {
    install_tls();
    install_tls();
    let server = ModelServer::start().await;
    let base_url = server.url().replace("http://", "https://");
    let error = ask(&Settings { base_url, ..server.settings() }).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn the_peer_answers_from_the_request_when_nothing_is_queued() {
    let server = ModelServer::start().await;
    server.answer_with(|request| format!("You said {}", request["messages"][3]["content"].as_str().unwrap()));
    assert_eq!(ask(&server.settings()).await.unwrap().text, "You said What is new?");
}
