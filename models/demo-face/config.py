# The bundled face detector: an FCOS small enough for a browser (3.2 million weights) and for training
# from scratch on a CPU. Self-contained: it needs no other config file, and works for fine-tuning as it is.
default_scope = 'mmdet'
classes = ('face',)

model = dict(
    type='FCOS',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32),
    # ResNet-18 at half width: a quarter of the arithmetic. Nothing is frozen, because nothing is pretrained.
    backbone=dict(
        type='ResNet',
        depth=18,
        base_channels=32,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        frozen_stages=-1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch'),
    neck=dict(
        type='FPN',
        in_channels=[32, 64, 128, 256],
        out_channels=64,
        start_level=1,
        add_extra_convs='on_output',
        num_outs=5,
        relu_before_extra_convs=True),
    # The tricks of MMDetection's fcos_*-center-normbbox-centeronreg-giou, with two convolutions a tower instead of four.
    bbox_head=dict(
        type='FCOSHead',
        num_classes=1,
        in_channels=64,
        feat_channels=64,
        stacked_convs=2,
        strides=[8, 16, 32, 64, 128],
        norm_cfg=dict(type='GN', num_groups=16, requires_grad=True),
        norm_on_bbox=True,
        centerness_on_reg=True,
        center_sampling=True,
        conv_bias=True,
        dcn_on_last_conv=False,
        loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
        loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)),
    test_cfg=dict(
        nms_pre=1000,
        min_bbox_size=0,
        score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.6),
        max_per_img=100))

test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=None),
    dict(type='Resize', scale=(320, 320), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]

# The training photographs are alike: colour, indoor light, one face of middle size. What other people's
# pictures have and these lack is made here: near, far and several faces, gray, dark, flat and harsh light.
train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=None),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomChoice',
        transforms=[
            # near and as it is: enlarged, then a crop
            [
                dict(type='RandomResize', scale=(320, 320), ratio_range=(0.9, 1.9), keep_ratio=True),
                dict(type='RandomCrop', crop_size=(320, 320), allow_negative_crop=True),
            ],
            # far: shrunk, the rest is padding
            [dict(type='RandomResize', scale=(320, 320), ratio_range=(0.3, 1.0), keep_ratio=True)],
            # several: four pictures. The cached kind, which needs no wrapper around the data set
            [
                dict(type='CachedMosaic', img_scale=(160, 160), pad_val=114.0, max_cached_images=40, random_pop=True),
                dict(type='RandomCrop', crop_size=(320, 320), allow_negative_crop=True),
            ],
        ],
        prob=[0.45, 0.2, 0.35]),
    dict(type='RandomFlip', prob=0.5),
    # A third in gray: the model once found only 8 of 10 faces on gray portraits, for lack of them.
    dict(type='RandomGrayscale', prob=0.35, keep_channels=True),
    dict(type='PhotoMetricDistortion', brightness_delta=48, contrast_range=(0.4, 1.5), hue_delta=12),
    dict(type='Pad', size=(320, 320), pad_val=dict(img=(114, 114, 114))),
    dict(type='PackDetInputs'),
]

# AdamW rather than MMDetection's SGD: from scratch it needs a tenth of the epochs.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=10))
auto_scale_lr = dict(enable=False, base_batch_size=8)

# The trainer stretches the schedule to the epochs of its job.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_interval=8)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=True,
        begin=0,
        end=30,
        T_max=30,
        convert_to_iter_based=True),
]

# Averaged weights, batch statistics included: steadier than the last step of so small a training.
custom_hooks = [
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.0005, update_buffers=True, priority=49),
]
