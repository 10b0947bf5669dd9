//! The arithmetic of Qwen2: from tokens to the scores of the next token.
//!
//! Smaller and leaner than the stock one: embeddings stay quantised, the cache is allocated once, keys and values
//! are not repeated for the heads that share them, and only the last position is scored.

use std::io::{Read, Seek};
use std::sync::Arc;

use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module, Result, Tensor, bail};
use candle_nn::ops::{rms_norm, softmax_last_dim};
use candle_nn::rotary_emb::rope;

/// The model and the cache of what it has read.
#[derive(Debug)]
pub struct Qwen2 {
    embeddings: Arc<QTensor>,
    layers: Vec<Layer>,
    norm: Norm,
    output: QMatMul,
    cos: Tensor,
    sin: Tensor,
    shape: Shape,
    /// How many tokens are in the cache.
    length: usize,
}

/// The numbers that describe a model.
#[derive(Debug, Clone, Copy)]
struct Shape {
    heads: usize,
    /// Heads of keys and values, each shared by `heads / shared_heads` heads.
    shared_heads: usize,
    head_size: usize,
    context: usize,
    epsilon: f32,
}

#[derive(Debug)]
struct Layer {
    attention_norm: Norm,
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: QMatMul,
    feed_norm: Norm,
    gate: QMatMul,
    up: QMatMul,
    down: QMatMul,
    /// Keys and values of what was read: shared heads, positions, head size.
    keys: Tensor,
    values: Tensor,
}

#[derive(Debug)]
struct Norm(Tensor);

#[derive(Debug)]
struct Linear {
    weight: QMatMul,
    bias: Tensor,
}

impl Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.weight.forward(x)?.broadcast_add(&self.bias)
    }
}

/// Reads tensors from a model's file.
struct Reader<'a, R> {
    content: &'a Content,
    file: &'a mut R,
}

impl<R: Read + Seek> Reader<'_, R> {
    fn number(&self, key: &str) -> Result<usize> {
        match self.content.metadata.get(&format!("qwen2.{key}")) {
            Some(value) => Ok(value.to_u64()? as usize),
            None => bail!("it does not say its {key}"),
        }
    }

    fn tensor(&mut self, name: &str) -> Result<Arc<QTensor>> {
        let tensor = self.content.tensor(self.file, name, &Device::Cpu)?;
        // These three have no fast kernel; eight bits instead of four or five make them several times faster.
        let slow = matches!(tensor.dtype(), GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1);
        let tensor = if slow { QTensor::quantize(&tensor.dequantize(&Device::Cpu)?, GgmlDType::Q8_0)? } else { tensor };
        Ok(Arc::new(tensor))
    }

    fn plain(&mut self, name: &str) -> Result<Tensor> {
        self.tensor(name)?.dequantize(&Device::Cpu)
    }

    fn matrix(&mut self, name: &str) -> Result<QMatMul> {
        QMatMul::from_arc(self.tensor(&format!("{name}.weight"))?)
    }

    fn linear(&mut self, name: &str) -> Result<Linear> {
        Ok(Linear { weight: self.matrix(name)?, bias: self.plain(&format!("{name}.bias"))? })
    }

    fn norm(&mut self, name: &str) -> Result<Norm> {
        Ok(Norm(self.plain(&format!("{name}.weight"))?))
    }

    fn shape(&self, context: usize) -> Result<Shape> {
        let (heads, shared_heads) = (self.number("attention.head_count")?, self.number("attention.head_count_kv")?);
        let size = self.number("embedding_length")?;
        if heads == 0 || shared_heads == 0 || !heads.is_multiple_of(shared_heads) || !size.is_multiple_of(heads * 2) {
            bail!("{heads} heads, {shared_heads} shared, {size} wide do not fit together");
        }
        let epsilon = match self.content.metadata.get("qwen2.attention.layer_norm_rms_epsilon") {
            Some(value) => value.to_f32()?,
            None => 1e-6,
        };
        let context = context.min(self.number("context_length")?);
        Ok(Shape { heads, shared_heads, head_size: size / heads, context, epsilon })
    }

    fn layer(&mut self, index: usize, shape: Shape) -> Result<Layer> {
        let name = |part: &str| format!("blk.{index}.{part}");
        // Zeroed pages cost nothing until they are written to.
        let cache = || {
            let size = (shape.shared_heads, shape.context, shape.head_size);
            Tensor::zeros(size, candle_core::DType::F32, &Device::Cpu)
        };
        Ok(Layer {
            attention_norm: self.norm(&name("attn_norm"))?,
            query: self.linear(&name("attn_q"))?,
            key: self.linear(&name("attn_k"))?,
            value: self.linear(&name("attn_v"))?,
            attention_output: self.matrix(&name("attn_output"))?,
            feed_norm: self.norm(&name("ffn_norm"))?,
            gate: self.matrix(&name("ffn_gate"))?,
            up: self.matrix(&name("ffn_up"))?,
            down: self.matrix(&name("ffn_down"))?,
            keys: cache()?,
            values: cache()?,
        })
    }
}

impl Qwen2 {
    /// Reads a model that will remember at most `context` tokens.
    pub fn read<R: Read + Seek>(content: &Content, file: &mut R, context: usize) -> Result<Self> {
        match content.metadata.get("general.architecture").map(Value::to_string) {
            Some(Ok(name)) if name == "qwen2" => {}
            other => bail!("its architecture is not qwen2 but {other:?}"),
        }
        let mut reader = Reader { content, file };
        let shape = reader.shape(context)?;
        let layers = (0..reader.number("block_count")?).map(|index| reader.layer(index, shape));
        let layers = layers.collect::<Result<Vec<_>>>()?;
        let embeddings = reader.tensor("token_embd.weight")?;
        let output = match content.tensor_infos.contains_key("output.weight") {
            true => reader.matrix("output")?,
            false => QMatMul::from_arc(Arc::clone(&embeddings))?,
        };
        let base = match content.metadata.get("qwen2.rope.freq_base") {
            Some(value) => value.to_f32()?,
            None => 10_000.0,
        };
        let (cos, sin) = rotations(shape, base)?;
        Ok(Self { embeddings, layers, norm: reader.norm("output_norm")?, output, cos, sin, shape, length: 0 })
    }

    /// How many tokens can be remembered.
    pub fn context(&self) -> usize {
        self.shape.context
    }

    /// Forgets everything after the first `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Reads tokens that follow those read before, without scoring what comes next.
    pub fn read_tokens(&mut self, tokens: &[u32]) -> Result<()> {
        self.forward(tokens).map(|_| ())
    }

    /// Reads tokens and scores what comes next.
    pub fn score(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
        let x = self.forward(tokens)?;
        let last = x.narrow(0, x.dim(0)? - 1, 1)?.contiguous()?;
        let last = rms_norm(&last, &self.norm.0, self.shape.epsilon)?;
        self.output.forward(&last)?.squeeze(0)?.to_vec1()
    }

    fn forward(&mut self, tokens: &[u32]) -> Result<Tensor> {
        let (from, count) = (self.length, tokens.len());
        if count == 0 || from + count > self.shape.context {
            bail!("{count} tokens after {from} do not fit into {}", self.shape.context);
        }
        let (cos, sin) = (self.cos.narrow(0, from, count)?, self.sin.narrow(0, from, count)?);
        let mask = if count > 1 { Some(mask(from, count)?) } else { None };
        let mut x = self.embeddings.embedding(&Tensor::new(tokens, &Device::Cpu)?)?;
        for layer in &self.layers {
            x = layer.forward(&x, from, (&cos, &sin), mask.as_ref(), self.shape)?;
        }
        self.length = from + count;
        Ok(x)
    }
}

impl Layer {
    fn forward(
        &self,
        x: &Tensor,
        from: usize,
        (cos, sin): (&Tensor, &Tensor),
        mask: Option<&Tensor>,
        shape: Shape,
    ) -> Result<Tensor> {
        let Shape { heads, shared_heads, head_size, epsilon, .. } = shape;
        let (count, length, group) = (x.dim(0)?, from + x.dim(0)?, heads / shared_heads);
        let normed = rms_norm(x, &self.attention_norm.0, epsilon)?;
        let by_head = |x: Tensor, heads: usize| x.reshape((count, heads, head_size))?.transpose(0, 1)?.contiguous();
        let turn = |x: Tensor| rope(&x.unsqueeze(0)?, cos, sin)?.squeeze(0);
        let query = turn(by_head(self.query.forward(&normed)?, heads)?)?;
        self.keys.slice_set(&turn(by_head(self.key.forward(&normed)?, shared_heads)?)?, 1, from)?;
        self.values.slice_set(&by_head(self.value.forward(&normed)?, shared_heads)?, 1, from)?;

        // The heads of a group lie behind one another, so each group meets its keys in one multiplication.
        let query = (query.reshape((shared_heads, group * count, head_size))? / (head_size as f64).sqrt())?;
        let scores = query.matmul(&self.keys.narrow(1, 0, length)?.t()?)?;
        let scores = match mask {
            Some(mask) => scores.reshape((shared_heads, group, count, length))?.broadcast_add(mask)?.reshape((
                shared_heads,
                group * count,
                length,
            ))?,
            None => scores,
        };
        let mixed = softmax_last_dim(&scores)?.matmul(&self.values.narrow(1, 0, length)?)?;
        let mixed = mixed.reshape((heads, count, head_size))?.transpose(0, 1)?.reshape((count, heads * head_size))?;
        let x = (x + self.attention_output.forward(&mixed)?)?;

        let normed = rms_norm(&x, &self.feed_norm.0, epsilon)?;
        let fed = (self.gate.forward(&normed)?.silu()? * self.up.forward(&normed)?)?;
        x + self.down.forward(&fed)?
    }
}

/// How far each pair of numbers is turned at each position.
fn rotations(shape: Shape, base: f32) -> Result<(Tensor, Tensor)> {
    let half = shape.head_size / 2;
    let speeds: Vec<f32> = (0..half).map(|i| base.powf(-(i as f32) / half as f32)).collect();
    let speeds = Tensor::from_vec(speeds, (1, half), &Device::Cpu)?;
    let positions: Vec<f32> = (0..shape.context).map(|position| position as f32).collect();
    let angles = Tensor::from_vec(positions, (shape.context, 1), &Device::Cpu)?.matmul(&speeds)?;
    Ok((angles.cos()?, angles.sin()?))
}

/// Keeps each of `count` tokens after the first `from` ones from seeing those behind it.
fn mask(from: usize, count: usize) -> Result<Tensor> {
    let hidden = |row: usize, column: usize| if column > from + row { f32::NEG_INFINITY } else { 0.0 };
    let values = (0..count).flat_map(|row| (0..from + count).map(move |column| hidden(row, column)));
    Tensor::from_vec(values.collect(), (count, from + count), &Device::Cpu)
}
